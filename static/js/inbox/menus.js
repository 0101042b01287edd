// The menus that the header, the side panel and the bulk bar share: for whom they act is where they were opened.
import { clockTime, dayKey } from "../time.js";
import { openDialog } from "../dialog.js";
import { all, one, state } from "./dom.js";
import { assign, labelsOfOpen, setLabels, setStatus } from "./actions.js";
import { act, labelState } from "./bulk.js";

const zone = document.documentElement.dataset.timezone || "Asia/Jakarta";
const dialog = one("#snooze-dialog");
let forBulk = false;

// --- who opened it -----------------------------------------------------------------------------------

document.addEventListener("cloudchat:menu-open", ({ target }) => {
  const toggle = one(`[data-menu="${target.id}"][aria-expanded="true"]`);
  forBulk = Boolean(toggle?.closest("[data-bulk]"));
  if (target.id === "label-menu") markLabels();
  if (target.id === "assign-menu") one("[data-transfer]", target).hidden = forBulk;
});

document.addEventListener("inbox:choices", markLabels);

function markLabels() {
  const chosen = labelsOfOpen();
  for (const item of all("[data-label]", one("#label-menu"))) {
    const id = Number(item.dataset.label);
    item.setAttribute("aria-checked", forBulk ? labelState(id) : String(chosen.includes(id)));
  }
}

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest?.(selector);
  const agent = hit("[data-assign]");
  const label = hit("[data-label]");
  const time = hit("[data-snooze]");
  if (agent) chooseAgent(agent);
  if (label) chooseLabel(label);
  if (time) chooseTime(time.dataset.snooze);
});

function chooseAgent({ dataset }) {
  const id = dataset.assign ? Number(dataset.assign) : null;
  if (forBulk) act({ action: "assign", agent_id: id });
  else if (state.open) assign(id, dataset.agentName ?? "");
}

function chooseLabel(item) {
  const id = Number(item.dataset.label);
  const on = item.getAttribute("aria-checked") !== "true";
  item.setAttribute("aria-checked", String(on));
  if (forBulk) return act({ action: on ? "add_label" : "remove_label", label: id }, { keep: true });
  const chosen = all('[data-label][aria-checked="true"]', one("#label-menu")).map((other) => Number(other.dataset.label));
  return state.open && setLabels(chosen);
}

// --- snoozing, in the organization's zone --------------------------------------------------------------

function put(status, until = null) {
  return forBulk ? act({ action: "status", status, snooze_until: until }) : setStatus(status, until);
}

function chooseTime(name) {
  if (name === "pending") return put("pending");
  if (name === "own") return askForTime();
  if (name === "later") return put("snoozed", new Date(Date.now() + 3 * 3_600_000).toISOString());
  return put("snoozed", moment(`${dayAfter(name === "week" ? daysToMonday() : 1)}T08:00`).toISOString());
}

const dayAfter = (days) => dayKey(new Date(Date.now() + days * 86_400_000));

function daysToMonday() {
  const today = new Date(`${dayKey(new Date())}T12:00Z`).getUTCDay();
  return (8 - today) % 7 || 7;
}

/** The moment of "2026-11-24T08:00" on the organization's clocks. */
export function moment(text) {
  const asUtc = new Date(`${text}:00Z`).getTime();
  const first = asUtc - offset(asUtc);
  return new Date(asUtc - offset(first)); // once more: the first guess may lie across a change of the clocks
}

function offset(time) {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric" })
    .formatToParts(time)
    .reduce((found, { type, value }) => ({ ...found, [type]: Number(value) }), {});
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - Math.floor(time / 60_000) * 60_000;
}

function askForTime() {
  const input = one("#snooze-at");
  const soon = new Date(Date.now() + 3_600_000);
  input.min = `${dayKey(new Date())}T00:00`;
  input.value = `${dayKey(soon)}T${clockTime(soon).replace(".", ":")}`;
  openDialog(dialog);
}

one("[data-snooze-form]").addEventListener("submit", (event) => {
  event.preventDefault();
  put("snoozed", moment(one("#snooze-at").value).toISOString());
  dialog.close();
  // forms.js keeps a form from being sent twice; this one stays on the page
  delete event.target.dataset.sending;
});

