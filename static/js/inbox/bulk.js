// Several conversations at once: choosing them, and what is done with all of them.
import { api, reportError } from "../api.js";
import { t } from "../i18n.js";
import { toast, undoable } from "../toast.js";
import { all, one, root, state } from "./dom.js";
import { touch } from "./fresh.js";
import { decorate, rowOf, rows } from "./rows.js";
import { sync } from "./sync.js";

const MOST = 100;
let anchor = 0;
let wanted = false;

function show() {
  const bar = one("[data-bulk]", root);
  if (!bar) return;
  // What has left the list is not acted upon
  for (const id of state.selected) if (!rowOf(id)) state.selected.delete(id);
  const count = state.selected.size;
  const selecting = wanted || count > 0;
  bar.hidden = !selecting;
  one("[data-bulk-count]", bar).textContent = t("inbox.selected", { count });
  const every = one("[data-select-all]", bar);
  every.checked = count > 0 && count === rows().length;
  every.indeterminate = count > 0 && !every.checked;
  for (const button of all("button:not([data-bulk-cancel])", bar)) button.disabled = !count;
  root.classList.toggle("is-selecting", selecting);
  one("[data-selecting]", root)?.setAttribute("aria-pressed", String(selecting));
}

function select(id, on) {
  if (on && state.selected.size >= MOST) return toast(t("inbox.select_most", { count: MOST }));
  state.selected[on ? "add" : "delete"](id);
  if (rowOf(id)) decorate(rowOf(id));
}

/** From the row chosen last to this one, as the shift key asks. */
function selectTo(id, on) {
  const ids = rows().map((row) => Number(row.dataset.id));
  const [from, to] = [ids.indexOf(anchor), ids.indexOf(id)].sort((a, b) => a - b);
  if (from < 0) return select(id, on);
  return ids.slice(from, to + 1).forEach((other) => select(other, on));
}

/** Choose or leave the row of a conversation. */
export function toggle(id, { range = false } = {}) {
  const on = !state.selected.has(id);
  if (range) selectTo(id, on);
  else select(id, on);
  anchor = id;
  show();
}

/** Choose nothing any more. */
export function clearSelection() {
  const ids = [...state.selected];
  state.selected.clear();
  wanted = false;
  ids.forEach((id) => rowOf(id) && decorate(rowOf(id)));
  show();
}

/** Whether all, some or none of the chosen have a label: "true", "mixed", "false". */
export function labelState(label) {
  const having = [...state.selected].filter((id) => rowOf(id)?.dataset.labels.split(",").includes(String(label)));
  if (!having.length) return "false";
  return having.length === state.selected.size ? "true" : "mixed";
}

/** Do something with all that are chosen; what failed is said with its reason, the rest can be undone. */
export async function act(body, { keep = false } = {}) {
  const ids = [...state.selected];
  if (!ids.length) return;
  try {
    const { items } = await api("POST", "/api/app/inbox/conversations/bulk", { ids, ...body });
    if (!keep) clearSelection();
    tell(items, body.status === "resolved" ? "inbox.bulk_done" : "inbox.bulk_changed");
  } catch (error) {
    reportError(error, () => act(body, { keep }));
  }
  refresh(ids);
}

/** What was done is there to see; said is how to undo it, and what could not be done. */
function tell(items, done) {
  const failed = items.filter((item) => !item.ok);
  const before = items.map((item) => item.before).filter(Boolean);
  const action = before.length ? { label: t("undo"), run: () => undo(before) } : null;
  if (failed.length) toast(t("inbox.bulk_failed", { count: failed.length, reason: failed[0].error }), { kind: "error", action });
  else if (action) undoable(t(done, { count: before.length }), action.run);
}

async function undo(states) {
  try {
    const { items } = await api("POST", "/api/app/inbox/conversations/restore", { states });
    tell(items);
  } catch (error) {
    reportError(error, () => undo(states));
  }
  refresh(states.map((state) => state.id));
}

function refresh(ids) {
  touch(...ids);
  if (ids.includes(state.open)) sync();
}

let shift = false;
root.addEventListener("click", (event) => {
  const box = event.target.closest("[data-select]");
  if (box) {
    shift = event.shiftKey;
    toggle(Number(box.closest("[data-id]").dataset.id), { range: shift });
  }
  const action = event.target.closest("[data-bulk-action]")?.dataset.bulkAction;
  if (action) act(action === "read" ? { action } : { action: "status", status: action });
  if (event.target.closest("[data-bulk-cancel]")) clearSelection();
  if (event.target.closest("[data-selecting]")) {
    wanted = !(wanted || state.selected.size);
    if (!wanted) clearSelection();
    show();
  }
  if (event.target.matches("[data-select-all]")) {
    const on = event.target.checked;
    rows().forEach((row) => select(Number(row.dataset.id), on));
    show();
  }
});

document.addEventListener("inbox:list", show);
