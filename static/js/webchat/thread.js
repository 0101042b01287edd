// What was said, and what still has to be sent. Nothing here touches the page; `changed` tells that it should.
import * as api from "./api.js";
import { newId, on, onOtherTab, read, tell, write } from "./store.js";

const PAGE = 50;
const KEPT_FOR = 7 * 86_400_000;
const LONGEST_WAIT = 30_000;

const known = new Map(); // id → message of the server
const notices = []; // {id, after, text key, values}
const isYoung = (entry) => Date.now() - entry.at < KEPT_FOR;
let outbox = read("outbox", []).filter(isYoung);
// Up to here nothing is missing. Only answers of the server move it: an event may overtake one that was lost.
let cursor = 0;
let readUpTo = 0;
let agent = null;
let queue = null; // {position, estimated_wait_minutes} while waiting
let hasOlder = false;
let flushing = null;
let retryTimer = 0;
let wait = 1_000;

outbox.forEach((entry) => entry.state !== "failed" && (entry.state = "waiting"));

/** Everything to show, in order. */
export function items() {
  const said = [...known.values()].sort((one, other) => one.id - other.id);
  return { said, outbox, notices, readUpTo, agent, queue, hasOlder };
}

/** The newest message of the desk. */
export const lastOutId = () => Math.max(0, ...[...known.values()].filter((m) => m.direction === "out").map((m) => m.id));

/** How many messages of the desk are newer than this one. */
export const outAfter = (id) => [...known.values()].filter((m) => m.direction === "out" && m.id > id).length;

/** Whether anything was ever said or waits to be. */
export const isEmpty = () => known.size === 0 && outbox.length === 0;

/** A message from the server; answers whether it is new. One that we sent leaves the outbox. */
export function take(message) {
  const isNew = !known.has(message.id);
  if (message.direction === "out" && message.status === "failed") {
    known.delete(message.id);
    return false;
  }
  known.set(message.id, message);
  if (message.client_id) drop(message.client_id);
  return isNew;
}

/** The desk took a message back before it left, or its state changed. */
export function takeStatus({ id, status }) {
  const message = known.get(id);
  if (!message) return;
  take({ ...message, status });
  tell("changed");
}

export function noteRead(id) {
  if (id > readUpTo) {
    readUpTo = id;
    tell("changed");
  }
}

/** The desk read up to this one of ours; its outer id ends in the id that we gave it. */
export function noteReadOf(externalId) {
  const message = [...known.values()].find((one) => one.client_id && externalId.endsWith(`:${one.client_id}`));
  if (message) noteRead(message.id);
}

/** Somebody at the desk took the conversation, or nobody has it. */
export function noteAgent(name, { announce = false } = {}) {
  if (announce && name && name !== agent) addNotice("notice.connected", { name });
  agent = name;
  if (agent) queue = null;
  tell("changed");
}

/** The place in line, as it is now. */
export function noteQueue(place) {
  queue = place;
  tell("changed");
}

/** A line between the messages, at the present end. */
export function addNotice(text, values = {}) {
  notices.push({ id: `n${notices.length}`, after: Math.max(0, ...known.keys()), text, values });
  tell("changed");
}

/** The last messages, at the start. */
export async function load() {
  const page = await api.messages({ limit: PAGE });
  if (!page) return;
  page.items.forEach(take);
  hasOlder = page.next_cursor !== null;
  cursor = Math.max(cursor, ...page.items.map((m) => m.id));
  settle(page);
}

/** The messages before the first one that is shown. */
export async function loadOlder() {
  const first = Math.min(...known.keys());
  const page = await api.messages({ limit: PAGE, before: first });
  if (!page) return;
  page.items.forEach(take);
  hasOlder = page.next_cursor !== null;
  tell("changed", { older: true });
}

let running = null;
let again = false;

/** Ask for what was missed. Asked for while it runs, it runs once more: an event may have come in between. */
export function catchUp() {
  if (running) {
    again = true;
    return running;
  }
  running = readOn().finally(() => {
    running = null;
    if (again) {
      again = false;
      catchUp().catch(() => {});
    }
  });
  return running;
}

async function readOn() {
  let page;
  do {
    page = await api.messages({ limit: 100, after: cursor });
    if (!page) return;
    for (const message of page.items) {
      if (take(message)) tell("arrived", { message, missed: true });
      cursor = Math.max(cursor, message.id);
    }
  } while (page.next_cursor);
  settle(page);
}

function settle(page) {
  agent = page.agent?.name ?? null;
  queue = page.queue;
  readUpTo = Math.max(readUpTo, page.read_up_to);
  tell("changed");
}

// --- sending -------------------------------------------------------------------------------------

/** Say something: kept first, then sent, once, whatever happens in between. */
export function say({ text = "", payload, file = null, preview = null }) {
  outbox.push({ client_id: newId(), text, payload, file, preview, at: Date.now(), state: "waiting" });
  keep();
  tell("changed", { own: true });
  flush();
}

/** Try a message again that was refused. */
export function retry(clientId) {
  const entry = outbox.find((one) => one.client_id === clientId);
  if (!entry) return;
  entry.state = "waiting";
  delete entry.error;
  keep();
  flush();
}

/** Give a message up that was refused. */
export function remove(clientId) {
  drop(clientId);
  tell("changed");
}

/** Send what waits, one after the other, so that the order stays. */
export function flush() {
  clearTimeout(retryTimer);
  flushing ??= sendAll().finally(() => (flushing = null));
  return flushing;
}

async function sendAll() {
  for (let entry; (entry = outbox.find((one) => one.state === "waiting"));) {
    entry.state = "sending";
    tell("changed");
    try {
      take(await post(entry));
      drop(entry.client_id);
      wait = 1_000;
      tell("sent");
    } catch (error) {
      if (!(error instanceof api.Failure)) throw error;
      if (!settleFailure(entry, error)) return;
    } finally {
      tell("changed");
    }
  }
}

function post(entry) {
  if (!entry.file) return api.send(entry);
  return api.upload(entry, (share) => {
    entry.progress = share;
    tell("progress", { clientId: entry.client_id, share });
  });
}

/** Whether sending may go on with the next one. */
function settleFailure(entry, error) {
  if (!error.passes) {
    Object.assign(entry, { state: "failed", error: error.message });
    keep();
    return true;
  }
  entry.state = "waiting";
  tell("trouble", { status: error.status });
  retryTimer = setTimeout(flush, error.wait ? error.wait * 1_000 : wait);
  wait = Math.min(wait * 2, LONGEST_WAIT);
  return false;
}

function drop(clientId) {
  const at = outbox.findIndex((one) => one.client_id === clientId);
  if (at < 0) return;
  if (outbox[at].preview) URL.revokeObjectURL(outbox[at].preview);
  outbox.splice(at, 1);
  keep([clientId]);
}

/** Files cannot be kept; words can. Other tabs' words stay as they are. */
function keep(gone = []) {
  const own = outbox.filter((one) => !one.file).map(({ client_id, text, payload, at, state, error }) => ({ client_id, text, payload, at, state, error }));
  const ids = new Set([...own.map((one) => one.client_id), ...gone]);
  const others = read("outbox", []).filter((one) => !ids.has(one.client_id) && isYoung(one));
  const all = [...others, ...own];
  write("outbox", all.length ? all : null);
}

// Another tab sent it: the server's word of it comes by itself
onOtherTab("outbox", () => {
  const left = new Set(read("outbox", []).map((one) => one.client_id));
  outbox = outbox.filter((one) => one.file || one.state === "sending" || left.has(one.client_id));
  tell("changed");
});

on("expired", () => {
  if (known.size) addNotice("notice.new_session");
  cursor = readUpTo = 0;
  hasOlder = false;
  agent = null;
});
