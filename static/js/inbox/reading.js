// What is open in a tab that is looked at counts as read; nothing else does.
import { api } from "../api.js";
import { head, state, thread } from "./dom.js";
import { cursor } from "./entries.js";

let timer = 0;
let last = "";

const looked = () => state.open && thread() && !document.hidden && document.hasFocus();

/** Tell the server, shortly, if there is something to tell. */
export function readSoon() {
  clearTimeout(timer);
  if (looked()) timer = setTimeout(tell, 300);
}

async function tell() {
  const unread = Number(head()?.dataset.unread ?? 0);
  // A manager's look clears nothing: ask once for each message, not for ever
  const now = `${state.open}:${unread}:${cursor().after}`;
  if (!looked() || !unread || now === last) return;
  last = now;
  try {
    await api("POST", `/api/app/inbox/conversations/${state.open}/read`);
  } catch {
    last = ""; // the next look tries again
  }
}

for (const name of ["inbox:opened", "inbox:head"]) document.addEventListener(name, readSoon);
document.addEventListener("visibilitychange", readSoon);
addEventListener("focus", readSoon);
document.addEventListener("inbox:opened", () => (last = ""));
