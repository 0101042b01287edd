// What is done with the open conversation: assign, status, labels. Undo and conflicts told by name.
import { api, ApiError, reportError } from "../api.js";
import { t } from "../i18n.js";
import { toast, undoable } from "../toast.js";
import { head, me, one, root, state } from "./dom.js";
import { touch } from "./fresh.js";
import { sync } from "./sync.js";
import { openThread } from "./thread.js";

const path = (id, end) => `/api/app/inbox/conversations/${id}/${end}`;

function refresh(id) {
  touch(id);
  if (id === state.open) sync();
}

/** Give the open conversation to somebody; `name` is for the words. */
export async function assign(agentId, name, { force = false } = {}) {
  const id = state.open;
  const before = { ...head().dataset };
  if (String(agentId ?? "") === before.assignee) return;
  const body = { agent_id: agentId };
  if (!force) body.expected_version = Number(before.version);
  try {
    await api("POST", path(id, "assign"), body);
    refresh(id);
  } catch (error) {
    if (error.code !== "stale_version") reportError(error, () => assign(agentId, name, { force }));
    else await assignAfterAll(id, agentId, name, before).catch((problem) => reportError(problem, () => assign(agentId, name)));
  }
}

/** Something changed meanwhile. Only another agent is a reason to ask. */
async function assignAfterAll(id, agentId, name, before) {
  const { assignee: other } = await api("GET", path(id, "").slice(0, -1));
  refresh(id);
  if (state.open !== id) return;
  if (!other || String(other.id) === before.assignee) await assign(agentId, name, { force: true });
  else if (other.id !== agentId) {
    toast(t("inbox.taken_by", { name: other.id === me ? t("inbox.you") : other.name }), {
      action: { label: t("inbox.assign_anyway"), run: () => state.open === id && assign(agentId, name, { force: true }) },
    });
  }
}

/** Resolve, reopen, snooze, set to pending; the old state can be had back for ten seconds. */
export async function setStatus(status, until = null, id = state.open) {
  const before = { status: head()?.dataset.status, until: head()?.dataset.snoozedUntil || null };
  try {
    await api("POST", path(id, "status"), { status, snooze_until: until });
    refresh(id);
    if (status !== "open") undoable(t(`inbox.done.${status}`), () => undo(id, before));
  } catch (error) {
    conflict(error, () => setStatus(status, until, id));
  }
}

async function undo(id, { status, until }) {
  const late = until && new Date(until) <= new Date();
  try {
    await api("POST", path(id, "status"), { status: late ? "open" : status, snooze_until: late ? null : until });
    refresh(id);
  } catch (error) {
    conflict(error, () => undo(id, { status, until }));
  }
}

function conflict(error, retry) {
  const other = error instanceof ApiError && error.code === "newer_open" && error.body?.error?.conversation_id;
  if (!other) return reportError(error, retry);
  return toast(error.message, { kind: "error", action: { label: t("inbox.open_it"), run: () => openThread(other) } });
}

/** Let the bot speak again: nobody has the conversation then. Assigning it again takes that back. */
async function giveBack() {
  const id = state.open;
  const { assignee, assigneeName } = head().dataset;
  try {
    await api("POST", path(id, "bot"), {});
    refresh(id);
    const again = () => state.open === id && assign(Number(assignee || me), assigneeName || t("inbox.you"), { force: true });
    undoable(t("inbox.given_back"), again);
  } catch (error) {
    reportError(error, giveBack);
  }
}

/** Make these the labels of the open conversation. */
export async function setLabels(ids) {
  const id = state.open;
  try {
    await api("PUT", path(id, "labels"), { labels: ids });
    refresh(id);
  } catch (error) {
    reportError(error, () => setLabels(ids));
  }
}

/** The label ids of the open conversation. */
export const labelsOfOpen = () => (head()?.dataset.labels ?? "").split(",").filter(Boolean).map(Number);

root.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  if (action === "resolved" || action === "open") setStatus(action);
  if (action === "bot") giveBack();
});

document.addEventListener("click", (event) => {
  const label = event.target.closest?.("[data-label-remove]");
  if (label) setLabels(labelsOfOpen().filter((id) => id !== Number(label.dataset.labelRemove)));
});

/** The button in the header that opens a menu: for shortcuts. */
export const headButton = (action) => one(`[data-action="${action}"]`, head() ?? root);
