// The entries of the open thread: joined at either end by day, grouped by sender, never twice.
import { all, one, state, thread } from "./dom.js";
import { settlePending } from "./pending.js";

const TOGETHER_MS = 5 * 60_000;

export const entries = (kind) => all(`[data-days] [data-entry="${kind}"]`, thread());

/** Cursor: the newest message, note and activity line that are shown, and the oldest message. */
export function cursor() {
  const last = (kind) => Math.max(0, ...entries(kind).map((entry) => Number(entry.dataset.id)));
  const older = one("[data-older]", thread());
  return { after: last("message"), note: last("note"), activity: last("activity"), first: older?.hidden ? 0 : atTop() };
}

/** The oldest message that is shown. */
export function atTop() {
  return Number(entries("message")[0]?.dataset.id ?? 0);
}

/** Put days of entries before or behind those that are shown; answers the entries that were new. */
export function joinDays(days, { before = false } = {}) {
  const box = one("[data-days]", thread());
  const fresh = [];
  for (const day of before ? days.reverse() : days) {
    const added = all("[data-entry]", day).filter((entry) => !document.getElementById(entry.id));
    if (!added.length) continue;
    const edge = before ? box.firstElementChild : box.lastElementChild;
    added.forEach(settlePending);
    if (edge?.dataset.day === day.dataset.day) one("[data-entries]", edge)[before ? "prepend" : "append"](...added);
    else {
      one("[data-entries]", day).replaceChildren(...added);
      box[before ? "prepend" : "append"](day);
    }
    group(added[0].parentElement);
    fresh.push(...added);
  }
  return fresh;
}

/** Show entries as they are now; those that were asked for and are gone are taken away. */
export function renewEntries(answered, asked) {
  for (const entry of answered) {
    const old = document.getElementById(entry.id);
    if (!old || old.outerHTML === entry.outerHTML) continue;
    window.Idiomorph.morph(old, entry, { ignoreActiveValue: true, callbacks: { beforeAttributeUpdated: staysOpen } });
  }
  const there = new Set(answered.map((entry) => entry.id));
  for (const id of asked) if (!there.has(id)) document.getElementById(id)?.remove();
  all("[data-entries]", thread()).forEach(group);
}

/** What somebody unfolded stays unfolded. */
const staysOpen = (name, node) => !(name === "open" && node.matches?.("details"));

/** Entries of one sender within five minutes stand together. */
export function group(list) {
  let before = null;
  for (const entry of list.children) {
    const near = before && new Date(entry.dataset.at) - new Date(before.dataset.at) < TOGETHER_MS;
    entry.classList.toggle("is-grouped", Boolean(near && entry.dataset.sender && before.dataset.sender === entry.dataset.sender));
    before = entry;
  }
}

/** Ids of entries whose state may still change: messages of ours on their way, files being fetched, notes. */
export function unsettled() {
  const messages = entries("message").filter((entry) => {
    const onItsWay = entry.dataset.direction === "out" && !["read", "failed"].includes(entry.dataset.status);
    return onItsWay || one(".att-pending", entry) || entry.dataset.status === "failed";
  });
  return { messages: messages.slice(-60).map((entry) => entry.id), notes: entries("note").slice(-40).map((entry) => entry.id) };
}

/** Whether this is still the conversation that was open when the asking began. */
export const stillOpen = (id) => state.open === id && thread()?.dataset.thread === String(id);
