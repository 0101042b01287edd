// Draws the thread: days, bubbles, notices; keeps the place while reading, follows the end else.
import { locale, t } from "../i18n.js";
import { bubble, el } from "./bubble.js";
import { chatName, on } from "./store.js";
import * as thread from "./thread.js";

const scroll = document.getElementById("scroll");
const log = document.getElementById("log");
const pill = document.getElementById("pill");
const older = document.getElementById("older");
const typing = document.getElementById("typing");
const state = document.getElementById("state");
const strip = document.getElementById("strip");

const dayName = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
const GROUP_MS = 5 * 60_000;
const TYPING_MS = 8_000;
const NEAR = 80; // pixels from the end that count as being there
let below = 0; // messages that came while reading further up
let typingTimer = 0;
let line = "connecting";
let stripTimer = 0;

const dayOf = (date) => date.toDateString();

function dayText(date) {
  const today = new Date();
  if (dayOf(date) === dayOf(today)) return t("day.today");
  if (dayOf(date) === dayOf(new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1))) return t("day.yesterday");
  return dayName.format(date);
}

/** Whether the end of the thread is in view. */
export const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;

export function toEnd(smooth = false) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scroll.scrollTo({ top: scroll.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
  below = 0;
  pill.hidden = true;
}

// --- rows ----------------------------------------------------------------------------------------

/** The rows to show, each with a key and a stamp that changes when it must be drawn anew. */
function rows({ said, outbox, notices, readUpTo }) {
  const made = [];
  const waiting = [...notices];
  const used = usedButtons(said, outbox);
  let before = null;
  let day = "";
  const addNotices = (upTo) => {
    while (waiting.length && waiting[0].after < upTo) {
      const notice = waiting.shift();
      made.push({ key: notice.id, stamp: "", draw: () => el("p", { class: "notice" }, t(notice.text, notice.values)) });
      before = null;
    }
  };
  for (const message of [...said, ...outbox]) {
    addNotices(message.id ?? Infinity);
    const date = new Date(message.created_at ?? message.at);
    if (day !== dayOf(date)) {
      day = dayOf(date);
      made.push({ key: `d${day}`, stamp: dayText(date), draw: () => el("p", { class: "day" }, el("span", {}, dayText(date))) });
      before = null;
    }
    const own = message.direction !== "out";
    const joins = before?.own === own && date - before.date < GROUP_MS;
    made.push(messageRow(message, { own, joins, used: used.get(message.id), readUpTo }));
    before = { own, date };
  }
  addNotices(Infinity);
  return made;
}

function messageRow(message, { own, joins, used, readUpTo }) {
  const tick = own ? (message.id ? (message.id <= readUpTo ? "read" : "sent") : tickOf(message)) : null;
  const files = (message.payload?.attachments ?? []).map((file) => file.state).join();
  return {
    key: message.client_id ?? `m${message.id}`,
    stamp: [message.id ?? "", tick, joins, used, files, message.error].join("|"),
    draw: () => el("div", { class: `message ${own ? "own" : "theirs"}${joins ? " joins" : ""}` }, ...bubble(message, { own, state: tick, used })),
  };
}

const tickOf = (entry) => (entry.state === "waiting" && !entry.file && navigator.onLine ? "sending" : entry.state);

/** Which button of which message was tapped: the answer that names it says so, also after a reload. */
function usedButtons(said, outbox) {
  const used = new Map();
  const offers = said.filter((message) => message.direction === "out" && message.payload?.buttons);
  for (const answer of [...said, ...outbox]) {
    const choice = answer.payload?.choice_id ?? answer.payload?.button_id;
    if (choice === undefined || answer.direction === "out") continue;
    const offer = offers.findLast((one) => one.id < (answer.id ?? Infinity) && one.payload.buttons.some((b) => b.id === choice));
    if (offer && !used.has(offer.id)) used.set(offer.id, choice);
  }
  return used;
}

// --- drawing -------------------------------------------------------------------------------------

const drawn = new Map(); // key → {stamp, node}

function draw({ own = false, older: grewUp = false } = {}) {
  const follow = own || atEnd();
  const height = scroll.scrollHeight;
  const shown = thread.items();
  let place = log.firstChild;
  const seen = new Set();
  for (const row of rows(shown)) {
    seen.add(row.key);
    const kept = drawn.get(row.key);
    if (!kept || kept.stamp !== row.stamp) {
      const node = row.draw();
      if (kept) {
        if (kept.node === place) place = node;
        kept.node.replaceWith(node);
      }
      drawn.set(row.key, { stamp: row.stamp, node });
    }
    const { node } = drawn.get(row.key);
    if (node === place) place = place.nextSibling;
    else log.insertBefore(node, place);
  }
  for (const [key, { node }] of drawn) {
    if (!seen.has(key)) {
      node.remove();
      drawn.delete(key);
    }
  }
  older.hidden = !shown.hasOlder;
  document.getElementById("welcome").hidden = shown.hasOlder;
  if (grewUp) scroll.scrollTop += scroll.scrollHeight - height;
  else if (follow) toEnd(own);
  showState();
}

let asked = null;
on("changed", (detail) => {
  if (detail.older) return draw(detail);
  if (asked) return Object.assign(asked, detail);
  asked = { ...detail };
  // Several changes of one moment are one drawing; a hidden page has no frames to wait for
  queueMicrotask(() => {
    const wanted = asked;
    asked = null;
    draw(wanted);
  });
});

on("progress", ({ clientId, share }) => {
  const bar = drawn.get(clientId)?.node.querySelector("progress");
  if (!bar) return;
  bar.value = share;
  bar.setAttribute("aria-label", t("file.progress", { percent: Math.round(share * 100) }));
});

on("arrived", ({ message }) => {
  if (message.direction !== "out" || atEnd()) return;
  below += 1;
  pill.lastElementChild.textContent = t("thread.new", { count: below });
  pill.hidden = false;
});

pill.addEventListener("click", () => toEnd(true));
scroll.addEventListener("scroll", () => atEnd() && below && toEnd(), { passive: true });
// Pictures grow and keyboards open: whoever was at the end stays there
let wasAtEnd = true;
scroll.addEventListener("scroll", () => (wasAtEnd = atEnd()), { passive: true });
const stay = new ResizeObserver(() => wasAtEnd && toEnd());
stay.observe(log);
stay.observe(scroll);

older.addEventListener("click", async () => {
  older.disabled = true;
  try {
    await thread.loadOlder();
  } catch {
    showStrip(t("thread.older_failed"), 6_000);
  }
  older.disabled = false;
});

// --- who is there --------------------------------------------------------------------------------

on("typing", ({ typing: isTyping }) => {
  clearTimeout(typingTimer);
  const { agent } = thread.items();
  const follow = atEnd();
  document.getElementById("typing-text").textContent = agent ? t("typing.agent", { name: agent }) : t("typing.someone");
  typing.hidden = !isTyping;
  if (isTyping && follow) toEnd();
  if (isTyping) typingTimer = setTimeout(() => (typing.hidden = true), TYPING_MS);
});

function stateText() {
  const { agent, queue } = thread.items();
  if (line === "lost") return t("state.lost");
  if (agent) return t("state.agent", { name: agent });
  if (!queue) return t("state.online");
  const { position: place, estimated_wait_minutes: minutes } = queue;
  return minutes === null ? t("state.queue", { place }) : t("state.queue.minutes", { place, minutes });
}

function showState() {
  const text = stateText();
  if (state.textContent !== text) state.textContent = text;
}

function showStrip(text, milliseconds = 0) {
  clearTimeout(stripTimer);
  strip.textContent = text;
  strip.hidden = !text;
  if (text && milliseconds) stripTimer = setTimeout(() => (strip.hidden = true), milliseconds);
}

on("state", ({ name }) => {
  line = name;
  showStrip(name === "offline" ? t("state.offline") : "");
  showState();
});

on("trouble", ({ status }) => {
  if (status === 404 || status === 403) showStrip(t("state.closed"));
  else if (status === 429) showStrip(t("error.too_many"), 8_000);
  else if (!navigator.onLine) showStrip(t("state.offline"));
});
on("sent", () => navigator.onLine && showStrip(""));

/** From now on a screen reader hears what is added. */
export function announce() {
  log.setAttribute("aria-live", "polite");
}

/** Something that could not be done, shown until it can. */
export function say(key) {
  showStrip(t(key), 10_000);
}

document.title = chatName;
