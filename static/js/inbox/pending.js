// Messages on their way to the server: shown at once, in order, replaced by the real ones.
import { ApiError, api, csrfToken } from "../api.js";
import { clockTime } from "../time.js";
import { fromTemplate, one, state, thread } from "./dom.js";

const waiting = new Map(); // conversation → items, in the order of sending
const chains = new Map(); // conversation → promise of the last item, since order is what was typed

/** Send text, a file, or a note. Answers at once; the bubble tells the rest. */
export function send(conversation, { text = "", file = null, note = false }) {
  const item = { id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2)}`, conversation, text, file, note, at: new Date() };
  waiting.set(conversation, [...(waiting.get(conversation) ?? []), item]);
  showItem(item);
  queue(item);
}

function queue(item) {
  const before = chains.get(item.conversation) ?? Promise.resolve();
  chains.set(item.conversation, before.then(() => deliver(item)));
}

async function deliver(item) {
  if (!itemsOf(item.conversation).includes(item)) return;
  item.error = null;
  try {
    const made = item.file ? await upload(item) : await post(item);
    item.entry = item.note ? `n-${made.id}` : `m-${made.id}`;
    document.dispatchEvent(new CustomEvent("inbox:sent", { detail: item }));
  } catch (error) {
    item.error = error;
  }
  // Somebody looks elsewhere: when they come back, the thread has it
  if (item.entry && (state.open !== item.conversation || document.getElementById(item.entry))) forget(item);
  else paint(item);
}

function post(item) {
  const url = `/api/app/inbox/conversations/${item.conversation}/${item.note ? "notes" : "messages"}`;
  const body = item.note ? { text: item.text } : { text: item.text, client_id: item.id };
  return api("POST", url, body, { headers: { "Idempotency-Key": item.id } });
}

/** By XMLHttpRequest: fetch does not tell how far an upload is. */
function upload(item) {
  const form = new FormData();
  form.append("file", item.file, item.file.name);
  form.append("text", item.text);
  form.append("client_id", item.id);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", `/api/app/inbox/conversations/${item.conversation}/messages`);
    request.responseType = "json";
    const headers = { Accept: "application/json", "X-CSRF-Token": csrfToken(), "Idempotency-Key": item.id };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      item.progress = event.lengthComputable ? Math.round((event.loaded / event.total) * 100) : 0;
      paint(item);
    };
    request.onload = () => (request.status < 300 ? resolve(request.response) : reject(new ApiError(request.status, request.response)));
    request.onerror = request.ontimeout = () => reject(new ApiError(0));
    request.onabort = () => reject(new ApiError(0));
    request.send(form);
  });
}

const itemsOf = (conversation) => waiting.get(conversation) ?? [];

function forget(item) {
  waiting.set(item.conversation, itemsOf(item.conversation).filter((other) => other !== item));
  item.element?.remove();
}

// --- what is seen ----------------------------------------------------------------------------------

function showItem(item) {
  const box = one("[data-outgoing]", thread());
  if (!box || state.open !== item.conversation) return;
  box.append(fromTemplate("pending"));
  item.element = box.lastElementChild;
  item.element.item = item;
  item.element.classList.toggle("note", item.note);
  one("[data-text]", item.element).textContent = item.text;
  one("[data-time-text]", item.element).textContent = clockTime(item.at);
  one("[data-file]", item.element).hidden = !item.file;
  if (item.file) one("[data-file-name]", item.element).textContent = item.file.name;
  paint(item);
}

function paint(item) {
  const { element, error } = item;
  if (!element) return;
  const bar = one("[data-progress]", element);
  bar.hidden = !item.file || Boolean(error) || !item.progress;
  bar.value = item.progress ?? 0;
  element.classList.toggle("is-failed", Boolean(error));
  one("[data-failed]", element).hidden = !error;
  if (error) one("[data-reason]", element).textContent = Object.values(error.fields ?? {}).flat().join(" ") || error.message;
}

/** The real entry has come: its bubble takes the place of the one that waited. */
export function settlePending(entry) {
  const words = () => one(".bubble-text", entry)?.textContent.trim();
  const item = itemsOf(state.open).find((other) => other.id === entry.dataset.client || other.entry === entry.id || (other.note && entry.dataset.entry === "note" && other.text.trim() === words()));
  if (item) forget(item);
}

// A thread was opened: what still waits or failed is shown again
document.addEventListener("inbox:opened", () => {
  for (const item of itemsOf(state.open)) {
    if (item.entry || document.getElementById(item.entry)) forget(item);
    else showItem(item);
  }
});

document.addEventListener("click", (event) => {
  const item = event.target.closest?.('[data-entry="pending"]')?.item;
  if (!item) return;
  if (event.target.closest("[data-pending-retry]")) again(item);
  if (event.target.closest("[data-pending-discard]")) {
    forget(item);
    document.dispatchEvent(new CustomEvent("inbox:discarded", { detail: item }));
  }
});

function again(item) {
  item.error = null;
  paint(item);
  queue(item);
}

// The network is back: what it held up goes out, once, whatever became of the first try
document.addEventListener("cloudchat:connected", () => {
  for (const item of [...waiting.values()].flat()) if (item.error?.status === 0) again(item);
});

addEventListener("beforeunload", (event) => {
  if ([...waiting.values()].flat().some((item) => !item.entry)) event.preventDefault();
});

