// The availability switch: shown at once, then told to the server, taken back when that fails. Beside it the
// load, and whether the others see this agent as connected.
import { api, attempt } from "./api.js";
import { makeDialog } from "./dialog.js";
import { t } from "./i18n.js";

const PATH = "/api/app/agents/me/availability";
const STAY_MS = 25_000;
const LOAD_MS = 1_000;
const button = document.querySelector("[data-availability]");
const me = Number(document.documentElement.dataset.user);
const load = button?.querySelector("[data-load]");
let told = 0;
let timer = 0;

/** Show a state of the signed-in user everywhere in the frame. */
export function showAvailability(status) {
  if (!button) return;
  button.dataset.availability = status;
  for (const dot of document.querySelectorAll(".sidebar [data-presence], .topbar [data-presence]")) {
    dot.className = `presence presence-${status}`;
  }
  for (const item of document.querySelectorAll("[data-availability-set]")) {
    const chosen = item.dataset.availabilitySet === status;
    item.setAttribute("aria-checked", String(chosen));
    if (chosen) button.querySelector("[data-availability-word]").textContent = item.querySelector("[data-name]").textContent;
  }
  showConnected();
}

/** Show how many conversations are open, of how many this agent takes. */
export function showLoad(open, capacity) {
  if (!load || open === undefined) return;
  load.dataset.open = open;
  load.dataset.capacity = capacity ?? load.dataset.capacity;
  load.textContent = `${load.dataset.open}/${load.dataset.capacity}`;
  load.classList.toggle("is-full", Number(load.dataset.open) >= Number(load.dataset.capacity));
}

/** Online, but nobody at the other end: the queue gives such an agent nothing. */
function showConnected(connected = button?.dataset.connected !== "false") {
  if (!button) return;
  button.dataset.connected = String(connected);
  button.querySelector("[data-away]").hidden = connected || button.dataset.availability === "offline";
}

async function choose(status) {
  const before = button.dataset.availability;
  if (status === before) return;
  const open = Number(load?.dataset.open ?? 0);
  const requeue = status === "offline" && open > 0 ? await askAboutOpen(open) : false;
  if (requeue === null) return;
  const answer = await attempt(() => tell(status, requeue), {
    apply: () => showAvailability(status),
    rollback: () => showAvailability(before),
  });
  if (answer) showLoad(answer.open_conversations, answer.capacity);
}

function tell(status, requeue = false) {
  told = Date.now();
  return api("PUT", PATH, { status, ...(requeue && { requeue }) });
}

/** What becomes of open conversations: true (back to the queue), false (kept), null (stay online after all). */
function askAboutOpen(count) {
  const words = document.createElement("p");
  words.textContent = t("availability.open", { count });
  const actions = document.createElement("div");
  actions.className = "dialog-actions";
  const choices = [["", "cancel", "btn"], ["keep", "availability.keep", "btn"], ["requeue", "availability.requeue", "btn btn-primary"]];
  for (const [value, key, className] of choices) {
    const choice = document.createElement("button");
    choice.type = "button";
    choice.className = className;
    choice.textContent = t(key);
    choice.addEventListener("click", () => dialog.close(value));
    actions.append(choice);
  }
  const dialog = makeDialog(t("availability.offline"), [words, actions]);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve({ keep: false, requeue: true }[dialog.returnValue] ?? null));
  });
}

document.addEventListener("click", ({ target }) => {
  const item = target.closest?.("[data-availability-set]");
  if (item) choose(item.dataset.availabilitySet);
});

/** The load as the database counts it; at most once a second. */
function refreshLoad() {
  if (!load) return;
  timer ||= setTimeout(async () => {
    const mine = await api("GET", "/api/app/agents/me").catch(() => null);
    timer = 0;
    if (mine) showLoad(mine.open_conversations, mine.capacity);
  }, LOAD_MS);
}

// --- live ----------------------------------------------------------------------------------------

document.addEventListener("cloudchat:agent:presence", ({ detail }) => {
  if (detail.userId !== me || !button) return;
  if (detail.availability) showAvailability(detail.availability);
  if (detail.connected !== undefined) showConnected(detail.connected);
});
document.addEventListener("cloudchat:disconnected", () => showConnected(false));
document.addEventListener("cloudchat:connected", () => {
  showConnected(true);
  refreshLoad();
});
document.addEventListener("cloudchat:queue:assigned", refreshLoad);
document.addEventListener("cloudchat:conversation:updated", ({ detail }) => {
  if (["assignee_id", "status"].some((name) => name in detail.changes)) refreshLoad();
});

// Without a socket only this call says that somebody is here
document.addEventListener("cloudchat:poll", () => {
  if (!button || Date.now() - told < STAY_MS) return;
  tell(button.dataset.availability).then(() => showConnected(true), () => showConnected(false));
});
