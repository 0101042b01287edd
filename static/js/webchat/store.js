// What this page was told about itself, and what it keeps in the browser. Where storage is blocked
// (a frame on another site, private windows) everything is kept in memory as long as the page lives.

const root = document.documentElement;

/** The chat's public key, which also separates what several chats keep. */
export const key = root.dataset.key;
/** Whether the page stands in the widget's frame. */
export const framed = "framed" in root.dataset;
/** The largest file in bytes. */
export const maxFile = Number(root.dataset.maxFile);
/** The name of the shop or device. */
export const chatName = root.dataset.name;

const memory = new Map();
const full = (name) => `cloudchat.chat.${key}.${name}`;

/** A kept value, or the fallback. */
export function read(name, fallback = null) {
  try {
    const text = localStorage.getItem(full(name));
    return text === null ? (memory.get(name) ?? fallback) : JSON.parse(text);
  } catch {
    return memory.get(name) ?? fallback;
  }
}

/** Keep a value; null forgets it. */
export function write(name, value) {
  if (value === null) memory.delete(name);
  else memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(full(name));
    else localStorage.setItem(full(name), JSON.stringify(value));
  } catch {
    // blocked or full: memory has it
  }
}

/** Call when another tab changed the value. */
export function onOtherTab(name, run) {
  addEventListener("storage", (event) => event.key === full(name) && run());
}

/** A new id for a message of this browser. */
export function newId() {
  return crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

/** Tell other modules of this page. */
export function tell(name, detail = {}) {
  document.dispatchEvent(new CustomEvent(`chat:${name}`, { detail }));
}

/** Hear other modules of this page. */
export function on(name, run) {
  document.addEventListener(`chat:${name}`, (event) => run(event.detail));
}
