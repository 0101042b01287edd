// The inbox page. An entry: the page links it, no module imports it.
import "./actions.js";
import "./bulk.js";
import "./canned.js";
import "./composer.js";
import "./drafting.js";
import "./emoji.js";
import "./keys.js";
import "./lightbox.js";
import "./live.js";
import "./menus.js";
import "./messages.js";
import "./panel.js";
import "./reading.js";
import "./search.js";
import "./templates.js";
import "./viewing.js";
import "../queueing/panel.js";
import { toggle } from "./bulk.js";
import { root, state } from "./dom.js";
import { loadList, startList } from "./list.js";
import { closeThread, openThread } from "./thread.js";

let search = location.search;

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-open]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  const id = Number(link.dataset.open);
  // A finger that is choosing several does not open the one it touches
  if (link.closest("[data-rows]") && root.classList.contains("is-selecting") && matchMedia("(pointer: coarse)").matches) return toggle(id);
  const byKeyboard = event.detail === 0;
  openThread(id, { focus: byKeyboard ? "messages" : matchMedia("(pointer: fine)").matches && "composer" });
});

// From a notification or the bell: without leaving the page
document.addEventListener("cloudchat:open", (event) => {
  event.preventDefault();
  openThread(event.detail.conversation, { focus: "composer" });
});

addEventListener("popstate", () => {
  const id = Number(location.pathname.match(/^\/app\/inbox\/(\d+)$/)?.[1] ?? 0);
  if (location.search !== search) loadList();
  search = location.search;
  if (id && id !== state.open) openThread(id, { push: false });
  if (!id && state.open) closeThread({ push: false });
});
document.addEventListener("inbox:list", () => (search = location.search));

startList();
if (root.dataset.conversation) openThread(Number(root.dataset.conversation), { push: false });
