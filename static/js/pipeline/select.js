// Choosing several cards, also across columns, and moving them together.
import { t } from "../i18n.js";
import { draw } from "./columns.js";
import { board, cards, columnOf, root } from "./model.js";

export const MOST = 100;
const bar = root.querySelector("[data-board-bulk]");

/** Choose a card, or not any more. */
export function toggle(id, on = !board.selected.has(id)) {
  if (on && board.selected.size < MOST) board.selected.add(id);
  else board.selected.delete(id);
  const column = columnOf(cards.get(id)?.stage_id);
  if (column) draw(column);
  showBar();
}

export function chooseAll(column) {
  for (const id of column.ids.slice(0, MOST)) if (board.selected.size < MOST) board.selected.add(id);
  draw(column);
  showBar();
}

export function clear() {
  board.selected.clear();
  board.columns.forEach(draw);
  showBar();
}

export function showBar() {
  bar.hidden = board.selected.size === 0;
  bar.querySelector("[data-bulk-count]").textContent = t("pipeline.selected", { count: board.selected.size });
}

root.addEventListener("change", (event) => {
  if (event.target.matches(".kcard-check")) toggle(Number(event.target.closest("[data-card]").dataset.card), event.target.checked);
});
bar.querySelector("[data-bulk-clear]").addEventListener("click", clear);
