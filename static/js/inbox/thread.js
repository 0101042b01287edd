// The open conversation: opening, closing, history, older messages, staying where one reads.
import { fullTime, dayKey, dayName } from "../time.js";
import { t } from "../i18n.js";
import { reportError } from "../api.js";
import { setPageTitle } from "../notifications.js";
import { address, all, fragment, fromTemplate, one, root, state, thread } from "./dom.js";
import { decorateAll, rowOf } from "./rows.js";
import { atTop, group, joinDays } from "./entries.js";

const pane = one("[data-thread-pane]", root);
const baseTitle = document.title;
let loading = null;
let stuck = true;
let below = 0;

export const scroller = () => one("[data-scroll]", pane);

/** Open a conversation. push: a new entry of the browser's history. */
export async function openThread(id, { push = true, focus = false } = {}) {
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
  document.dispatchEvent(new CustomEvent("inbox:opened", { detail: { focus } }));
}

function showError(error) {
  const box = fromTemplate("thread-error");
  one("[data-error-text]", box).textContent = error.message;
  show(box);
  document.dispatchEvent(new CustomEvent("inbox:leaving"));
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
  stuck = scrollHeight - scrollTop - clientHeight < 60;
  countBelow(stuck ? -below : 0);
}, true);

// A picture has loaded, the composer grew: whoever was at the end stays there
const sizes = new ResizeObserver(() => stuck && toEnd());

// --- older -----------------------------------------------------------------------------------------

let topWatch = null;

function watchTop() {
  topWatch?.disconnect();
  const place = one("[data-older]", pane);
  if (!place || place.hidden) return;
  topWatch = new IntersectionObserver((found) => found.some((entry) => entry.isIntersecting) && loadOlder(), { root: scroller(), rootMargin: "400px 0px 0px" });
  topWatch.observe(place);
}

async function loadOlder() {
  const place = one("[data-older]", pane);
  if (!place || place.hidden || place.dataset.busy) return;
  place.dataset.busy = "1";
  const id = state.open;
  try {
    const body = await fragment(address(`/${id}/older`, { before: atTop() }));
    if (state.open !== id || !place.isConnected) return;
    const box = scroller();
    const fromEnd = box.scrollHeight - box.scrollTop;
    joinDays(all("[data-day]", body), { before: true });
    place.hidden = !body.firstElementChild.dataset.hasMore;
    refreshDays();
    box.scrollTop = box.scrollHeight - fromEnd;
    delete place.dataset.busy;
    watchTop();
  } catch (error) {
    delete place.dataset.busy;
    reportError(error, loadOlder);
  }
}

// --- days ------------------------------------------------------------------------------------------

/** "Today" is yesterday after midnight. */
export function refreshDays() {
  const today = dayKey(new Date());
  const yesterday = dayKey(new Date(Date.now() - 86_400_000));
  for (const day of all("[data-day]", pane)) {
    const at = new Date(one("[data-at]", day)?.dataset.at ?? 0);
    const name = one("[data-day-name]", day);
    const word = { [today]: t("inbox.today"), [yesterday]: t("inbox.yesterday") }[day.dataset.day];
    name.textContent = word ?? dayName(at);
    name.title = fullTime(at);
  }
}

setInterval(refreshDays, 60_000);
