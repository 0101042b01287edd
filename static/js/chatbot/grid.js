// The grid of a week: half hours to drag over by mouse, pen or finger, and to walk over by keys.
import { SLOT, slots } from "./week.js";

/** Draw the week into the grid. */
export function paint(page, week) {
  const awake = slots(week);
  for (const cell of page.querySelectorAll("[data-slot]")) {
    const on = awake[dayOf(cell)][slotOf(cell)];
    cell.setAttribute("aria-selected", String(on));
  }
}

/** Let people change it: change(day, fromMinute, toMinute, awake) is called once per stroke. */
export function bindGrid(page, change) {
  const grid = page.querySelector('[role="grid"]');
  grid.querySelector("[data-slot]").tabIndex = 0;
  let stroke = null;

  const preview = () => {
    for (const cell of grid.querySelectorAll("[data-slot]")) cell.classList.toggle("is-painted", isIn(stroke, cell));
  };
  const finish = (keep) => {
    const done = stroke;
    stroke = null;
    preview();
    if (!done || !keep) return;
    const [first, last] = ends(done);
    change(done.day, first * SLOT, (last + 1) * SLOT, done.awake);
  };

  grid.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("[data-slot]");
    if (!cell || event.button !== 0) return;
    event.preventDefault();
    grid.setPointerCapture(event.pointerId);
    focus(grid, cell);
    stroke = begin(cell);
    preview();
  });
  grid.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest?.("[data-slot]");
    if (!cell || !grid.contains(cell)) return;
    stroke.to = slotOf(cell);
    preview();
  });
  grid.addEventListener("pointerup", () => finish(true));
  grid.addEventListener("pointercancel", () => finish(false));

  grid.addEventListener("keydown", (event) => {
    const cell = event.target.closest("[data-slot]");
    if (!cell) return;
    if (event.key === " " || event.key === "Enter") {
      event.preventDefault();
      stroke = stroke ?? begin(cell);
      finish(true);
    } else if (event.key === "Escape") {
      finish(false);
    } else if (event.key in STEPS) {
      event.preventDefault();
      const next = neighbour(grid, cell, STEPS[event.key]);
      if (!next) return;
      if (event.shiftKey && dayOf(next) === dayOf(cell)) {
        stroke = stroke ?? begin(cell);
        stroke.to = slotOf(next);
      } else {
        stroke = null;
      }
      focus(grid, next);
      preview();
    }
  });
}

const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -48], End: [0, 48] };

function begin(cell) {
  const slot = slotOf(cell);
  return { day: dayOf(cell), from: slot, to: slot, awake: cell.getAttribute("aria-selected") !== "true" };
}

function ends({ from, to }) {
  return from < to ? [from, to] : [to, from];
}

function isIn(stroke, cell) {
  if (!stroke || dayOf(cell) !== stroke.day) return false;
  const [first, last] = ends(stroke);
  return slotOf(cell) >= first && slotOf(cell) <= last;
}

function neighbour(grid, cell, [down, right]) {
  const rows = [...grid.querySelectorAll("[data-day]")];
  const row = rows[rows.indexOf(cell.parentElement) + down];
  const slot = Math.min(47, Math.max(0, slotOf(cell) + right));
  return row?.querySelector(`[data-slot="${slot}"]`);
}

function focus(grid, cell) {
  for (const other of grid.querySelectorAll('[data-slot][tabindex="0"]')) other.tabIndex = -1;
  cell.tabIndex = 0;
  cell.focus();
}

function dayOf(cell) {
  return Number(cell.parentElement.dataset.day);
}

function slotOf(cell) {
  return Number(cell.dataset.slot);
}
