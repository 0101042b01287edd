// The one socket of the page. Every server event becomes a DOM event `cloudchat:<name>` on document,
// so that pages listen without knowing Socket.IO. Without websockets pages are told to ask instead.
import { io } from "../vendor/socket.io.esm.min.js";
import { api, loginUrl } from "./api.js";
import { t } from "./i18n.js";

const HEARTBEAT_MS = 25_000;
const POLL_MS = 5_000;
const PATIENCE_MS = 1_500;
const SPREAD_MS = 2_000; // so that a team's pages do not all ask at the same moment
const strip = document.getElementById("connection");
let everConnected = false;
let failures = 0;
let stripTimer = 0;
let heartbeat = 0;
let usedByHand = false; // since the last sign of life: an idle page must not keep its login alive
let poll = 0;

const socket = io({ transports: ["websocket"], reconnectionDelay: 500, reconnectionDelayMax: 5_000 });

for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) {
  document.addEventListener(name, () => (usedByHand = true), { capture: true, passive: true });
}

function giveSignOfLife() {
  emit("presence:heartbeat", { active: usedByHand });
  usedByHand = false;
}

/** Send an event to the server; nothing is kept for later while disconnected. */
export function emit(name, payload = {}) {
  if (socket.connected) socket.emit(name, payload);
}

/** Whether events arrive live at this moment. */
export function isLive() {
  return socket.connected;
}

function tell(name, detail = {}) {
  document.dispatchEvent(new CustomEvent(`cloudchat:${name}`, { detail }));
}

function showStrip(key, { after = 0, login = false, passing = false } = {}) {
  clearTimeout(stripTimer);
  stripTimer = setTimeout(() => {
    strip.querySelector("span").textContent = t(key);
    const link = strip.querySelector("a");
    link.hidden = !login;
    link.href = loginUrl();
    strip.hidden = false;
    if (passing) stripTimer = setTimeout(hideStrip, 8_000);
  }, after);
}

function hideStrip() {
  clearTimeout(stripTimer);
  strip.hidden = true;
}

/** The badge's truth, asked for before anything else after an absence.
 *  Answers "ok", "away" (the server does not answer) or "ended" (the session is over). */
async function refreshUnread() {
  try {
    tell("unread:updated", await api("GET", "/api/app/inbox/unread-count"));
    return "ok";
  } catch (error) {
    if (error.status !== 401) return "away";
    stopAll();
    showStrip("connection.session", { login: true });
    return "ended";
  }
}

function stopAll() {
  clearInterval(poll);
  clearInterval(heartbeat);
  poll = 0;
  socket.disconnect();
}

socket.on("connect", async () => {
  everConnected = true;
  failures = 0;
  clearInterval(poll);
  poll = 0;
  clearInterval(heartbeat);
  heartbeat = setInterval(giveSignOfLife, HEARTBEAT_MS);
  giveSignOfLife();
  hideStrip();
  // Also the first time: something may have come between the making of the page and now
  if ((await refreshUnread()) === "ended") return;
  tell("connected");
});

// The server was cut off from the others for a while: ask as after a lost connection
socket.on("missed", () => {
  setTimeout(async () => {
    if (socket.connected && (await refreshUnread()) === "ok") tell("connected");
  }, Math.random() * SPREAD_MS);
});

socket.on("disconnect", (reason) => {
  clearInterval(heartbeat);
  if (reason === "io client disconnect") return;
  tell("disconnected", { reason });
  showStrip(navigator.onLine ? "connection.lost" : "connection.offline", { after: PATIENCE_MS });
  // Put out by the server (password changed, role taken): Socket.IO does not come back by itself
  if (reason === "io server disconnect") comeBack(1_000);
});

socket.on("connect_error", () => {
  failures += 1;
  if (failures === 1 && !everConnected) showStrip("connection.lost", { after: PATIENCE_MS });
  // A refusal by the server (not by the network) leaves the socket inactive
  if (!socket.active) comeBack(POLL_MS);
  if (failures >= 3 && !poll && navigator.onLine) startPolling();
});

async function comeBack(milliseconds) {
  if ((await refreshUnread()) !== "ended") setTimeout(() => socket.connect(), milliseconds);
}

function startPolling() {
  if (!everConnected) showStrip("connection.polling", { passing: true });
  poll = setInterval(async () => {
    if (!document.hidden && (await refreshUnread()) === "ok") tell("poll");
  }, POLL_MS);
}

socket.onAny((name, payload) => tell(name, payload));

addEventListener("offline", () => showStrip("connection.offline"));
addEventListener("online", () => (socket.connected ? hideStrip() : socket.connect()));
// A page kept alive for the back button must not hold a socket open
addEventListener("pagehide", () => socket.disconnect());
addEventListener("pageshow", (event) => event.persisted && socket.connect());
