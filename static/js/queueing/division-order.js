// The order of the divisions: by drag, by keyboard on the handle, and by the row's menu.
import { api, attempt } from "../api.js";
import { t } from "../i18n.js";
import Sortable from "../../vendor/sortable.esm.js";
import { body, reload, rowOf, rows } from "./division-table.js";

const box = document.querySelector("[data-divisions]");
const status = document.querySelector("[data-order-status]");
const order = () => rows().map((row) => Number(row.dataset.id));
let sortable = null;
let before = [];
let lifted = null;

function say(key, row) {
  status.textContent = t(key, { name: row.dataset.name, place: rows().indexOf(row) + 1, count: rows().length });
}

function arrange(ids) {
  for (const id of ids) body().append(document.getElementById(`division-${id}`));
}

/** Keep the order that is shown; take it back when that fails. */
async function keep(old) {
  const ids = order();
  if (ids.join() === old.join()) return;
  const kept = await attempt(() => api("PUT", "/api/app/divisions/reorder", { ids }), { rollback: () => arrange(old) });
  if (kept !== undefined) await reload();
}

// --- drag ----------------------------------------------------------------------------------------

function bind() {
  if (sortable?.el === body()) return;
  sortable?.destroy();
  sortable = null;
  if (!body()) return;
  sortable = Sortable.create(body(), {
    handle: "[data-handle]",
    animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
    ghostClass: "is-ghost",
    onStart: () => (before = order()),
    onEnd: ({ item }) => {
      say("divisions.dropped", item);
      keep(before);
    },
  });
}

// --- keyboard ------------------------------------------------------------------------------------

function lift(row) {
  before = order();
  lifted = row;
  row.classList.add("is-lifted");
  row.querySelector("[data-handle]").setAttribute("aria-pressed", "true");
  say("divisions.lifted", row);
}

function drop({ cancel = false } = {}) {
  const row = lifted;
  if (!row) return;
  lifted = null;
  row.classList.remove("is-lifted");
  row.querySelector("[data-handle]").setAttribute("aria-pressed", "false");
  if (cancel) arrange(before);
  say(cancel ? "divisions.put_back" : "divisions.dropped", row);
  row.querySelector("[data-handle]").focus();
  if (!cancel) keep(before);
}

function step(row, by) {
  const list = rows();
  const to = list.indexOf(row) + by;
  if (to < 0 || to >= list.length) return false;
  // The neighbour moves, so that the row keeps its focus
  row[by < 0 ? "after" : "before"](list[to]);
  return true;
}

box.addEventListener("keydown", (event) => {
  const handle = event.target.closest("[data-handle]");
  if (!handle) return;
  const row = rowOf(handle);
  if (event.key === " " || event.key === "Enter") {
    if (lifted) drop();
    else lift(row);
  } else if (lifted && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    if (step(row, event.key === "ArrowUp" ? -1 : 1)) say("divisions.moved", row);
    handle.focus();
  } else if (lifted && event.key === "Escape") drop({ cancel: true });
  else return;
  event.preventDefault();
  event.stopPropagation();
});

// Moving the row takes the focus off its handle for a moment: only a real leaving puts it down
box.addEventListener("focusout", () => setTimeout(() => lifted && !lifted.contains(document.activeElement) && drop()));

// --- menu ----------------------------------------------------------------------------------------

box.addEventListener("click", (event) => {
  const item = event.target.closest("[data-move]");
  if (!item) return;
  const row = rowOf(item);
  const old = order();
  if (step(row, Number(item.dataset.move))) {
    say("divisions.moved", row);
    keep(old);
  }
});

document.addEventListener("divisions:shown", bind);
bind();
