// The queues above the inbox's list: who waits, and taking, assigning, removing them. Drawn by the server, live.
import { api, ApiError, reportError } from "../api.js";
import { confirmDialog } from "../dialog.js";
import { t } from "../i18n.js";
import { isLive } from "../socket.js";
import { refreshTimes } from "../time.js";
import { toast } from "../toast.js";
import { all, fragment, one, paced, root, state } from "../inbox/dom.js";
import { touch } from "../inbox/fresh.js";
import { sync } from "../inbox/sync.js";
import { openThread } from "../inbox/thread.js";
import { keepsMenu } from "./fragments.js";

const KEY = "cloudchat.queue.closed";
const box = one("[data-queue]", root);
const supervises = box?.dataset.supervises !== undefined;
let entry = null;

// --- shown ---------------------------------------------------------------------------------------

const refresh = paced(async () => {
  const body = await fragment("/app/queue/panel");
  window.Idiomorph.morph(box, [...body.childNodes], { morphStyle: "innerHTML", callbacks: { beforeAttributeUpdated: keepsMenu } });
  fold();
  refreshTimes(box);
  markRows();
}, 400);

function closed() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return new Set();
  }
}

function fold() {
  const folded = closed();
  for (const part of all("[data-queue-division]", box)) {
    const shut = folded.has(part.dataset.queueDivision);
    one("[data-queue-toggle]", part).setAttribute("aria-expanded", String(!shut));
    one("[data-queue-list]", part).hidden = shut;
  }
}

function toggle(part) {
  const folded = closed();
  const id = part.dataset.queueDivision;
  if (!folded.delete(id)) folded.add(id);
  try {
    localStorage.setItem(KEY, JSON.stringify([...folded]));
  } catch {
    // Not kept beyond this page then
  }
  fold();
}

/** The rows of the list, and the head of the thread, say the place that the panel knows. */
function markRows() {
  const places = new Map(all("[data-entry]", box).map((item) => [item.dataset.conversation, item.dataset.place]));
  for (const mark of all("[data-queue-place]", root)) {
    const place = places.get(mark.dataset.queuePlace);
    mark.textContent = place ? t("queue.place", { place }) : "";
  }
}

// --- done ----------------------------------------------------------------------------------------

async function take(button) {
  if (button.dataset.busy !== undefined) return;
  button.dataset.busy = "";
  try {
    const taken = await api("POST", "/api/app/queue/next", { division_id: Number(button.dataset.queueNext) });
    openThread(taken.conversation_id, { focus: "composer" });
  } catch (error) {
    reportError(error, () => take(button));
  }
  delete button.dataset.busy;
  refresh();
}

async function assign({ id, conversation, name }, agent, { force = false } = {}) {
  try {
    await api("POST", `/api/app/queue/${id}/assign`, { agent_id: agent, ...(force && { force }) });
    if (agent === Number(root.dataset.me)) openThread(conversation, { focus: "composer" });
    else toast(t("queue.assigned", { name }), { kind: "success" });
  } catch (error) {
    const full = error instanceof ApiError && error.code === "at_capacity" && supervises;
    if (full) {
      if (await confirmDialog(t("queue.over_capacity"), { label: t("queue.assign_anyway") })) return assign({ id, conversation, name }, agent, { force: true });
    } else reportError(error);
  }
  return after(conversation);
}

async function cancel({ id, conversation, name }) {
  if (!(await confirmDialog(t("queue.cancel_question", { name }), { label: t("queue.cancel_it"), danger: true }))) return;
  try {
    await api("POST", `/api/app/queue/${id}/cancel`);
  } catch (error) {
    reportError(error);
  }
  after(conversation);
}

function after(conversation) {
  refresh();
  touch(conversation);
  if (conversation === state.open) sync();
}

// Whom a menu is about: the one whose button opened it
document.addEventListener("cloudchat:menu-open", ({ target }) => {
  if (!target.id.startsWith("queue-menu-")) return;
  const item = one(`[data-menu="${target.id}"][aria-expanded="true"]`)?.closest("[data-entry]");
  if (item) entry = { id: Number(item.dataset.entry), conversation: Number(item.dataset.conversation), name: item.dataset.name };
});

box?.addEventListener("click", ({ target }) => {
  const next = target.closest("[data-queue-next]");
  const agent = target.closest("[data-queue-assign]");
  if (next) take(next);
  if (target.closest("[data-queue-toggle]")) toggle(target.closest("[data-queue-division]"));
  if (agent && entry) assign(entry, Number(agent.dataset.queueAssign));
  if (target.closest("[data-queue-cancel]") && entry) cancel(entry);
});

// --- live ----------------------------------------------------------------------------------------

if (box) {
  for (const name of ["queue:updated", "queue:assigned", "agent:presence", "connected", "poll"]) {
    document.addEventListener(`cloudchat:${name}`, refresh);
  }
  for (const name of ["inbox:list", "inbox:opened", "inbox:head", "inbox:rows"]) document.addEventListener(name, markRows);
  // The socket may have been quicker than this script
  if (isLive()) refresh();
  else setTimeout(refresh, 300);
}
