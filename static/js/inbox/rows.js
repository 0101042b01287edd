// The rows of the list: put in their place, marked, taken away.
import { refreshTimes } from "../time.js";
import { t } from "../i18n.js";
import { markDraft } from "./drafts.js";
import { all, announce, one, root, state } from "./dom.js";

export const list = () => one("[data-rows]", root);
export const pane = () => one("[data-rows-pane]", root);
export const rowOf = (id) => document.getElementById(`conv-${id}`);
export const rows = () => all("[data-id]", list());
const more = () => one("[data-more]", list());
let above = 0;

/** Show a row as it is now, at its place by the time of its last message; keeps focus and selection. */
export function placeRow(row) {
  const old = rowOf(row.dataset.id);
  const focused = old?.contains(document.activeElement) ? (document.activeElement.matches("input") ? "input" : "a") : "";
  const at = Number(row.dataset.at);
  tellUnread(old, row);
  if (old?.dataset.at === row.dataset.at) old.replaceWith(row);
  else {
    const after = rows().find((other) => other !== old && comesBefore(at, row, other));
    old?.remove();
    // Older than all that is loaded: it comes with its own page
    if (!after && more() && rows().length) return;
    list().insertBefore(row, after ?? more());
    countAbove(row);
  }
  decorate(row);
  if (focused) one(focused, row)?.focus({ preventScroll: true });
}

function comesBefore(at, row, other) {
  const otherAt = Number(other.dataset.at);
  return otherAt < at || (otherAt === at && Number(other.dataset.id) < Number(row.dataset.id));
}

/** Take a row away that no longer belongs to the list. */
export function removeRow(id) {
  rowOf(id)?.remove();
}

/** Give a row what only this page knows: open, selected, with a draft, fresh times. */
export function decorate(row) {
  const id = Number(row.dataset.id);
  const link = one("a", row);
  if (id === state.open) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  const chosen = state.selected.has(id);
  one("[data-select]", row).checked = chosen;
  row.classList.toggle("is-selected", chosen);
  link.href = `/app/inbox/${id}${location.search}`;
  markDraft(row);
  refreshTimes(row);
}

export const decorateAll = () => rows().forEach(decorate);

function tellUnread(old, row) {
  const before = Number(old?.dataset.unread ?? 0);
  if (Number(row.dataset.unread) > before && Number(row.dataset.id) !== state.open) {
    announce(t("inbox.new_from", { name: row.dataset.name }));
  }
}

/** Something new stands above what is seen: offer the way up instead of moving the list. */
function countAbove(row) {
  if (pane().scrollTop < 80 || row.offsetTop > pane().scrollTop) return;
  above += 1;
  showAbove();
}

function showAbove() {
  const pill = one("[data-rows-top]", root);
  pill.hidden = above === 0;
  one("span", pill).textContent = t("inbox.rows_above", { count: above });
}

export function forgetAbove() {
  above = 0;
  showAbove();
}

/** Write the tabs' counts. */
export function showCounts(counts) {
  for (const [name, number] of Object.entries(counts)) {
    const place = one(`[data-count="${name}"]`, root);
    if (place) place.textContent = number < 1000 ? number : "999+";
  }
}

root.addEventListener("scroll", (event) => {
  if (event.target === pane() && pane().scrollTop < 80 && above) forgetAbove();
}, true);

root.addEventListener("click", (event) => {
  if (!event.target.closest("[data-rows-top]")) return;
  pane().scrollTop = 0;
  forgetAbove();
});
