// A part of a page from the server, for pages that draw themselves anew.

/** The server's HTML as a body element, or null where it does not answer. */
export async function fetchFragment(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  if (!response?.ok) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html").body;
}
