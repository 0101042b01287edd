// A part of a page from the server, for pages that draw themselves anew.

/** For Idiomorph: a menu that is open stays so, and its button says so. */
export function keepsMenu(name, node) {
  if (node.matches?.(".dropdown-menu.show")) return !["class", "popover", "style"].includes(name);
  return !(name === "aria-expanded" && node.matches?.('[data-menu][aria-expanded="true"]'));
}

/** The server's HTML as a body element, or null where it does not answer. */
export async function fetchFragment(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  if (!response?.ok) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html").body;
}
