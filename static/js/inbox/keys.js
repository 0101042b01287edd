// Keyboard shortcuts of the inbox.
import { t } from "../i18n.js";
import { closeMenu, openMenu } from "../menu.js";
import { register } from "../shortcuts.js";
import { field, setMode } from "./composer.js";
import { headButton, setStatus } from "./actions.js";
import { act, clearSelection, toggle } from "./bulk.js";
import { head, one, root, state } from "./dom.js";
import { rows } from "./rows.js";
import { closeThread } from "./thread.js";
import { askTransfer } from "../queueing/transfer.js";

const group = t("inbox.keys.group");
const focusedRow = () => document.activeElement?.closest?.("[data-rows] > [data-id]");

function move(step) {
  const list = rows();
  const from = focusedRow() ?? one(`#conv-${state.open || "none"}`);
  const at = list.indexOf(from);
  const next = list[at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + step))];
  one("a", next ?? root)?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

/** With conversations chosen the keys are for those, else for the open one. */
function menuOf(action) {
  const button = state.selected.size ? one(`[data-bulk] [data-menu="${action}-menu"]`, root) : headButton(action);
  if (!button || button.offsetParent === null) return;
  closeMenu();
  openMenu(button, { focus: "first" });
}

function resolve() {
  if (state.selected.size) act({ action: "status", status: "resolved" });
  else if (head()) setStatus(head().dataset.status === "resolved" ? "open" : "resolved");
}

function out(event) {
  if (document.activeElement === field()) {
    one("[data-scroll]", root)?.focus();
    return;
  }
  if (event.target.matches?.("input, select, textarea")) event.target.blur();
  else if (state.selected.size) clearSelection();
  else if (state.open) closeThread();
}

const entries = [
  ["j", "inbox.keys.next", () => move(1)],
  ["k", "inbox.keys.previous", () => move(-1)],
  ["Enter", "inbox.keys.open", () => document.activeElement?.closest("a, button, summary")?.click()],
  ["x", "inbox.keys.select", () => focusedRow() && toggle(Number(focusedRow().dataset.id))],
  ["r", "inbox.keys.reply", () => field() && setMode("reply")],
  ["n", "inbox.keys.note", () => field() && setMode("note")],
  ["a", "inbox.keys.assign", () => menuOf("assign")],
  ["l", "inbox.keys.label", () => menuOf("label")],
  ["t", "inbox.keys.transfer", askTransfer],
  ["s", "inbox.keys.snooze", () => menuOf("snooze")],
  ["e", "inbox.keys.resolve", resolve],
];

for (const [keys, label, run] of entries) register(keys, t(label), run, { group });
register("Escape", t("inbox.keys.out"), out, { group, inFields: true });
