// Who else looks at this conversation or types in it, and telling them the same of us.
import { t } from "../i18n.js";
import { emit } from "../socket.js";
import { me, one, root, state, thread } from "./dom.js";

const TELL_EVERY = 3_000;
const FORGET_AFTER = 7_000;
const viewers = new Map(); // user id → name
const typing = new Map(); // "contact" or user id → {name, until}
let told = 0;
let idle = 0;
let plan = 0;

/** The agent types: the customer and the colleagues are told now and then. */
export function typed(note) {
  clearTimeout(idle);
  idle = setTimeout(stopTyping, TELL_EVERY + 1_000);
  if (Date.now() - told < TELL_EVERY) return;
  told = Date.now();
  emit("typing", { conversationId: state.open, typing: true, note });
}

/** Sent, left, or silent for a while. */
export function stopTyping() {
  clearTimeout(idle);
  if (told && state.open) emit("typing", { conversationId: state.open, typing: false });
  told = 0;
}

function tellViewing() {
  clearTimeout(plan);
  // Walking through the list quickly is not looking
  plan = setTimeout(() => emit("conversation:view", { conversationId: document.hidden ? 0 : state.open }), 300);
}

function show() {
  const place = one("[data-hint]", root);
  if (!place) return;
  for (const [who, { until }] of typing) if (until < Date.now()) typing.delete(who);
  const writers = [...typing.values()].map((writer) => writer.name);
  const watchers = [...viewers].filter(([id]) => !typing.has(id)).map(([, name]) => name);
  const parts = [];
  if (writers.length) parts.push(t("inbox.typing", { name: writers.join(", ") }));
  if (watchers.length) parts.push(t("inbox.viewing", { name: watchers.join(", ") }));
  const text = parts.join(" · ");
  if (place.textContent !== text) place.textContent = text;
  place.classList.toggle("is-typing", writers.length > 0);
}

document.addEventListener("cloudchat:typing", ({ detail }) => {
  if (detail.conversationId !== state.open || !thread() || detail.userId === me) return;
  const who = detail.from === "contact" ? "contact" : detail.userId;
  if (detail.typing) typing.set(who, { name: detail.name ?? thread().getAttribute("aria-label"), until: Date.now() + FORGET_AFTER });
  else typing.delete(who);
  show();
});

document.addEventListener("cloudchat:conversation:viewing", ({ detail }) => {
  if (detail.conversationId !== state.open || detail.userId === me) return;
  const isNew = detail.viewing && !viewers.has(detail.userId);
  if (detail.viewing) viewers.set(detail.userId, detail.name);
  else viewers.delete(detail.userId);
  // They do not know of us yet: nobody tells a newcomer who was there before
  if (isNew) tellViewing();
  show();
});

// What was written has arrived
document.addEventListener("cloudchat:message:new", ({ detail }) => {
  if (detail.conversationId !== state.open) return;
  typing.delete(detail.message.direction === "in" ? "contact" : detail.message.sender_id);
  show();
});

function forget() {
  viewers.clear();
  typing.clear();
  show();
}

document.addEventListener("inbox:leaving", () => {
  stopTyping();
  forget();
});
for (const name of ["inbox:opened", "inbox:closed"]) document.addEventListener(name, tellViewing);
document.addEventListener("visibilitychange", tellViewing);
document.addEventListener("cloudchat:connected", () => {
  forget();
  tellViewing();
});
setInterval(show, 2_000);
