// The open conversation: opening, closing, history, staying where one reads.
import { t } from "../i18n.js";
import { pageTitle, setPageTitle } from "../notifications.js";
import { all, fragment, fromTemplate, one, root, state, thread } from "./dom.js";
import { decorateAll, rowOf } from "./rows.js";
import { group } from "./entries.js";
import { loadOlder, refreshDays, watchTop } from "./older.js";

const pane = one("[data-thread-pane]", root);
const baseTitle = pageTitle();
let loading = null;
let stuck = true;
let endedAt = 0; // where the last way to the end ended
let below = 0;

const scroller = () => one("[data-scroll]", pane);

/** Open a conversation. push: a new entry of the browser's history; focus: "messages", "composer" or nothing. */
export async function openThread(id, { push = true, focus = "" } = {}) {
  if (push && state.open !== id) history.pushState({ open: id }, "", `/app/inbox/${id}${location.search}`);
  loading?.abort();
  loading = new AbortController();
  const mine = loading;
  if (state.open !== id || !thread()) document.dispatchEvent(new CustomEvent("inbox:leaving"));
  state.open = id;
  root.classList.add("is-open");
  decorateAll();
  const patience = setTimeout(() => show(fromTemplate("thread-skeleton")), 150);
  try {
    const body = await fragment(`/app/inbox/${id}/thread`, mine.signal);
    clearTimeout(patience);
    if (mine.signal.aborted) return;
    show(...body.childNodes);
    settle(focus);
  } catch (error) {
    clearTimeout(patience);
    if (error.name !== "AbortError") showError(error);
  }
}

function show(...nodes) {
  pane.replaceChildren(...nodes);
}

function settle(focus) {
  all("[data-entries]", pane).forEach(group);
  refreshDays();
  stuck = true;
  below = 0;
  toEnd();
  sizes.disconnect();
  sizes.observe(one("[data-days]", pane));
  sizes.observe(scroller());
  watchTop();
  setPageTitle(`${thread().getAttribute("aria-label")} · ${baseTitle}`);
  if (focus === "messages") scroller().focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("inbox:opened", { detail: { focus } }));
}

function showError({ message }) {
  document.dispatchEvent(new CustomEvent("inbox:leaving"));
  const box = fromTemplate("thread-error");
  one("[data-error-text]", box).textContent = message;
  show(box);
  setPageTitle(baseTitle);
}

/** Somebody else has it now, or it is no more. */
export function showGone() {
  showError({ message: t("inbox.gone") });
}

/** Back to the list alone. */
export function closeThread({ push = true } = {}) {
  const id = state.open;
  loading?.abort();
  document.dispatchEvent(new CustomEvent("inbox:leaving"));
  state.open = 0;
  if (push && id) history.pushState({ open: 0 }, "", `/app/inbox${location.search}`);
  root.classList.remove("is-open");
  show(fromTemplate("no-thread"));
  decorateAll();
  setPageTitle(baseTitle);
  document.dispatchEvent(new CustomEvent("inbox:closed"));
  if (id) one("a", rowOf(id) ?? root)?.focus({ preventScroll: false });
}

pane.addEventListener("click", (event) => {
  if (event.target.closest("[data-thread-close]")) closeThread();
  if (event.target.closest("[data-thread-retry]")) openThread(state.open, { push: false });
  if (event.target.closest("[data-load-older]")) loadOlder();
  if (event.target.closest("[data-to-end]")) toEnd();
});

// --- staying in place ------------------------------------------------------------------------------

/** To the newest message. */
export function toEnd() {
  const box = scroller();
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  endedAt = box.scrollTop;
  stuck = true;
  countBelow(-below);
}

/** Something was added at the end: follow it if the end was in view, else say how much there is. */
export function grew(messages, { mine = false } = {}) {
  if (stuck || mine) toEnd();
  else if (messages) countBelow(messages);
}

function countBelow(change) {
  below = Math.max(0, below + change);
  const pill = one("[data-to-end]", pane);
  if (!pill) return;
  pill.hidden = stuck;
  pill.classList.toggle("has-new", below > 0);
  one("span", pill).textContent = below ? t("inbox.messages_below", { count: below }) : t("inbox.to_end");
}

pane.addEventListener("scroll", (event) => {
  if (!event.target.matches?.("[data-scroll]")) return;
  const { scrollHeight, scrollTop, clientHeight } = event.target;
  // What grew after we went to the end did not move the reader away from it
  stuck = scrollHeight - scrollTop - clientHeight < 60 || (stuck && scrollTop >= endedAt);
  countBelow(stuck ? -below : 0);
}, true);

// A picture has loaded, the composer grew: whoever was at the end stays there
const sizes = new ResizeObserver(() => stuck && toEnd());
