// Older messages, loaded above while what is read stays in place; and the names of the days.
import { reportError } from "../api.js";
import { t } from "../i18n.js";
import { dayKey, dayName, fullTime } from "../time.js";
import { all, fragment, one, root, state } from "./dom.js";
import { atTop, joinDays } from "./entries.js";

const pane = one("[data-thread-pane]", root);
const scroller = () => one("[data-scroll]", pane);
let topWatch = null;

/** Load older messages before one gets there. */
export function watchTop() {
  topWatch?.disconnect();
  const place = one("[data-older]", pane);
  if (!place || place.hidden) return;
  topWatch = new IntersectionObserver((found) => found.some((entry) => entry.isIntersecting) && loadOlder(), { root: scroller(), rootMargin: "400px 0px 0px" });
  topWatch.observe(place);
}

/** What stands before the oldest message that is shown. */
export async function loadOlder() {
  const place = one("[data-older]", pane);
  if (!place || place.hidden || place.dataset.busy) return;
  place.dataset.busy = "1";
  const id = state.open;
  try {
    const body = await fragment(`/app/inbox/${id}/older?before=${atTop()}`);
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
