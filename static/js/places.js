// Where this tab is: the conversation in view, and going to another place without leaving the page if it can.

/** The conversation that this tab shows to somebody who looks at it, or 0. */
export function inView() {
  const shown = document.querySelector("[data-thread]")?.dataset.thread;
  return document.hasFocus() && !document.hidden ? Number(shown ?? 0) : 0;
}

/** Go to an address of ours; a conversation opens in place where the inbox is on the page. */
export function openPlace(url) {
  const id = Number(url.match(/^\/app\/inbox\/(\d+)$/)?.[1] ?? 0);
  const opening = new CustomEvent("cloudchat:open", { detail: { conversation: id }, cancelable: true });
  // Whoever can open it here prevents the default
  if (!id || document.dispatchEvent(opening)) location.assign(url);
}
