// News without asking: the socket, and asking every few seconds where sockets are blocked.
import { token } from "./api.js";
import { on, tell } from "./store.js";
import * as thread from "./thread.js";

const POLL_MS = 5_000;
const LOOK_MS = 60_000; // an event can get lost between servers: look now and then
const TYPING_MS = 3_000;
const PATIENCE_MS = 6_000; // without a line for so long, the page asks instead
let socket = null;
let patience = 0;
let poll = 0;
let typedAt = 0;
let refusedTimer = 0;

/** Open the socket once there is a session; before, nobody can know of this visitor. */
export async function goLive() {
  if (!token() || socket) return;
  socket = "loading";
  const { io } = await import("../../vendor/socket.io.esm.min.js");
  socket = io("/chat", {
    transports: ["websocket"],
    auth: (give) => give({ token: token() }),
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
    timeout: 10_000,
  });
  listen(socket);
  waitForLine();
}

function listen(line) {
  line.on("connect", () => {
    clearTimeout(patience);
    clearInterval(poll);
    poll = 0;
    tell("state", { name: "online" });
    thread.flush();
    lookNow();
  });
  line.on("disconnect", (reason) => {
    tell("typing", { typing: false });
    if (reason === "io client disconnect") return;
    tell("state", { name: "lost" });
    waitForLine();
    if (reason === "io server disconnect") comeBack();
  });
  line.on("connect_error", () => {
    // Refused by the server, not by the network: Socket.IO itself does not try again
    if (!line.active) comeBack();
    if (!poll) tell("state", { name: "lost" });
  });
  line.on("message:new", (message) => {
    const isNew = thread.take(message);
    if (message.direction === "out") tell("typing", { typing: false });
    if (isNew) tell("arrived", { message });
    tell("changed");
    // What is said to who waits may mean that the waiting is over
    if (isNew && message.direction === "out" && thread.items().queue) lookNow();
  });
  line.on("missed", lookNow);
  line.on("message:status", thread.takeStatus);
  line.on("message:read", (news) => thread.noteReadOf(news.external_id));
  line.on("agent:assigned", ({ agent }) => thread.noteAgent(agent?.name ?? null, { announce: true }));
  line.on("queue:updated", thread.noteQueue);
  line.on("agent:left", () => thread.noteAgent(null));
  line.on("conversation:resolved", () => {
    thread.noteAgent(null);
    thread.addNotice("notice.resolved");
  });
  line.on("typing", ({ typing }) => tell("typing", { typing }));
}

/** The server itself let go of us (switched off, another session): ask over HTTP why, then try again. */
function comeBack() {
  clearTimeout(refusedTimer);
  refusedTimer = setTimeout(async () => {
    await lookNow();
    if (token()) socket.connect();
  }, POLL_MS);
}

/** Sockets may be blocked here, and a proxy may swallow them without a word: ask, while they keep trying. */
function waitForLine() {
  clearTimeout(patience);
  patience = setTimeout(() => {
    poll ||= setInterval(() => document.hidden || lookNow(), POLL_MS);
    lookNow();
  }, PATIENCE_MS);
}

/** Ask for what is missing; a failure is shown as the state of the line. */
export async function lookNow() {
  try {
    await thread.catchUp();
    if (poll) tell("state", { name: "online" });
    if (poll) thread.flush();
  } catch (error) {
    tell("trouble", { status: error.status });
  }
}

/** The visitor types, or has stopped. Told at most every few seconds. */
export function typing(isTyping) {
  if (!socket?.connected) return;
  const moment = Date.now();
  if (isTyping && moment - typedAt < TYPING_MS) return;
  if (!isTyping && !typedAt) return;
  typedAt = isTyping ? moment : 0;
  socket.emit("typing", { typing: isTyping });
}

// A first session, or another visitor's: the line has to be opened under the new name
on("session", () => {
  if (!socket || socket === "loading") return goLive();
  socket.disconnect();
  socket.connect();
});
on("expired", () => socket?.disconnect?.());

setInterval(() => document.hidden || !token() || lookNow(), LOOK_MS);
document.addEventListener("visibilitychange", () => document.hidden || !token() || lookNow());
addEventListener("offline", () => tell("state", { name: "offline" }));
addEventListener("online", () => {
  tell("state", { name: socket?.connected ? "online" : "lost" });
  if (!socket?.connected) socket?.connect?.();
  thread.flush();
});
// A page that is kept alive for the back button must not hold a line open
addEventListener("pagehide", () => socket?.disconnect?.());
addEventListener("pageshow", (event) => event.persisted && socket?.connect?.());
