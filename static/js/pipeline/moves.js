// Moving cards: shown at once, then made true; a failure puts back that one card and no other.
import { api, reportError } from "../api.js";
import { openDialog } from "../dialog.js";
import { t } from "../i18n.js";
import { toast, undoable } from "../toast.js";
import { draw, focusCard } from "./columns.js";
import { board, byHand, cards, columnOf, count, drop, lift, root } from "./model.js";

const announcer = root.querySelector("[data-announce]");
const lostForm = document.querySelector("[data-lost-form]");

/** Say it to those who do not see the board. */
export function announce(text) {
  announcer.textContent = "";
  requestAnimationFrame(() => (announcer.textContent = text));
}

/** Ask why, where a card goes to a lost stage; null when the person thinks better of it. */
function askReason(column) {
  if (column.kind !== "lost") return Promise.resolve(undefined);
  const dialog = lostForm.closest("dialog");
  lostForm.reset();
  openDialog(dialog);
  return new Promise((resolve) => {
    const done = () => {
      dialog.close();
      delete lostForm.dataset.sending;
      finish(lostForm.elements.lost_reason.value.trim());
    };
    const gone = () => finish(null);
    const finish = (answer) => {
      lostForm.removeEventListener("submit", onSubmit);
      dialog.removeEventListener("close", gone);
      resolve(answer);
    };
    const onSubmit = (event) => {
      event.preventDefault();
      dialog.removeEventListener("close", gone);
      done();
    };
    lostForm.addEventListener("submit", onSubmit);
    dialog.addEventListener("close", gone);
  });
}

/** Move a card to an index of a column (null: its top). Answers whether it went. */
export async function moveCard(id, stageId, index = null, { undoing = false, focus = false } = {}) {
  const column = columnOf(stageId);
  const card = cards.get(id);
  if (!column || !card || board.busy.has(id)) return false;
  const stays = card.stage_id === stageId;
  const reason = stays || undoing ? undefined : await askReason(column);
  if (reason === null) return false;
  const was = lift(id);
  if (!was) return false;
  if (stays && index !== null && index > was.index) index -= 1;
  const at = index ?? 0;
  const target = neighbours(column, at, index);
  apply(card, was, column, at);
  board.busy.add(id);
  board.moves += 1;
  draw(column);
  if (focus) focusCard(id);
  try {
    const body = { to_stage_id: stageId, expected_version: card.version, ...target };
    if (reason) body.lost_reason = reason;
    if (undoing) body.undo = true;
    const answer = await api("POST", `/api/app/conversations/${id}/pipeline/move`, body);
    settle(id, answer);
    if (!stays) announce(t("pipeline.moved", { name: card.contact.name, stage: column.name, place: at + 1 }));
    if (!undoing && !stays) undoable(t("pipeline.moved_to", { stage: column.name }), () => undo(id, was));
    return true;
  } catch (error) {
    fail(id, card, was, error);
    return false;
  } finally {
    board.busy.delete(id);
    board.columns.forEach(draw);
    if (focus) focusCard(id);
  }
}

/** Who stands above and below; at the end of a half loaded column it is the server's end. */
function neighbours(column, at, index) {
  if (index === null) return { place: "top" };
  const above = column.ids[at - 1];
  const below = column.ids[at];
  if (below === undefined && column.cursor) return {};
  const found = {};
  if (above !== undefined) found.after_id = above;
  if (below !== undefined) found.before_id = below;
  return found;
}

function apply(card, was, column, at) {
  if (was.column !== column) {
    count(was.column, card, -1);
    count(column, card, 1);
    cards.set(card.id, { ...card, stage_id: column.id, stage_changed_at: new Date().toISOString(), stuck: false });
  }
  column.ids.splice(Math.min(at, column.ids.length), 0, card.id);
  draw(was.column);
}

/** The server's word on a card: it goes where that says, unless news has come meanwhile. */
function settle(id, answer) {
  const known = cards.get(id);
  if (!known || known.version > answer.version) return;
  if (known.stage_id === answer.stage_id) return void cards.set(id, { ...answer });
  put(answer);
}

/** Put a card where it belongs, wherever it is now. */
export function put(card) {
  const before = cards.get(card.id);
  const was = lift(card.id);
  const column = columnOf(card.stage_id);
  if (was && before) count(was.column, before, -1);
  if (!column) return void cards.delete(card.id);
  drop(card, column);
  count(column, card, 1);
}

function fail(id, card, was, error) {
  const present = error.body?.error?.card;
  if (error.code === "card_moved" && present) {
    put(present);
    const stage = columnOf(present.stage_id)?.name ?? present.stage_name ?? t("pipeline.off_board");
    const text = t("pipeline.conflict", { name: present.moved_by ?? t("pipeline.somebody"), stage });
    toast(text, { kind: "error" });
    announce(text);
    return;
  }
  const now = lift(id);
  if (now && now.column !== was.column) {
    count(now.column, card, -1);
    count(was.column, card, 1);
  }
  cards.set(id, card);
  const below = was.below === null ? was.column.ids.length : was.column.ids.indexOf(was.below);
  was.column.ids.splice(below < 0 ? Math.min(was.index, was.column.ids.length) : below, 0, id);
  announce(t("pipeline.failed", { name: card.contact.name }));
  if (error.status === 409) toast(error.message, { kind: "error" });
  else reportError(error, () => {});
  if (error.status === 0) toast(t("pipeline.failed", { name: card.contact.name }), { kind: "error" });
}

function undo(id, was) {
  const index = was.below !== null && was.column.ids.includes(was.below) ? was.column.ids.indexOf(was.below) : was.index;
  moveCard(id, was.column.id, Math.min(index, was.column.ids.length), { undoing: true });
}

// --- several at once ----------------------------------------------------------------------------

/** Move all chosen cards to the top of a stage. */
export async function moveMany(ids, stageId) {
  const column = columnOf(stageId);
  const reason = await askReason(column);
  if (reason === null) return;
  const before = standing(ids);
  const answer = await send(ids.map((id) => ({ id })), stageId, reason);
  if (!answer) return;
  const failed = answer.items.filter((item) => !item.ok);
  const went = answer.items.filter((item) => item.ok).map((item) => item.id);
  board.selected.clear();
  if (failed.length) toast(t("pipeline.some_failed", { count: failed.length, reason: failed[0].error.message }), { kind: "error" });
  else undoable(t("pipeline.many_moved", { count: went.length, stage: column.name }), () => undoMany(before.filter((one) => went.includes(one.id))));
}

/** Where cards stand, from top to bottom: the stage and, where the order is made by hand, the neighbours. */
function standing(ids) {
  const found = board.columns.flatMap((column) => column.ids.map((id, at) => ({ id, stage: column.id, above: column.ids[at - 1], below: column.ids[at + 1] })));
  return found.filter((one) => ids.includes(one.id));
}

async function send(chosen, stageId, reason, undo = false) {
  try {
    const rows = chosen.map((one) => ({ expected_version: cards.get(one.id)?.version, ...one }));
    const body = { to_stage_id: stageId, cards: rows, lost_reason: reason || null, undo };
    const answer = await api("POST", "/api/app/pipelines/move", body);
    for (const item of [...answer.items].reverse()) {
      const card = item.ok ? item.card : item.error?.card;
      if (card) put(card);
    }
    board.columns.forEach(draw);
    return answer;
  } catch (error) {
    reportError(error, () => send(chosen, stageId, reason, undo));
    return null;
  }
}

async function undoMany(before) {
  for (const stage of new Set(before.map((one) => one.stage))) {
    // The server begins with the last one: here the highest, so that whoever stood above is there already
    const back = before.filter((one) => one.stage === stage).reverse();
    await send(back.map(({ id, above, below }) => (byHand() ? { id, after_id: above, before_id: below } : { id })), stage, "", true);
  }
}

/** Take a card off the board, with ten seconds to think better of it. */
export async function leave(id) {
  const card = cards.get(id);
  const was = lift(id);
  if (!was) return;
  count(was.column, card, -1);
  cards.delete(id);
  draw(was.column);
  try {
    await api("DELETE", `/api/app/conversations/${id}/pipeline`);
    undoable(t("pipeline.left", { name: card.contact.name }), async () => {
      const body = { pipeline_id: Number(root.dataset.board), stage_id: was.column.id };
      put(await api("POST", `/api/app/conversations/${id}/pipeline`, body));
      board.columns.forEach(draw);
    });
  } catch (error) {
    drop(card, was.column, Math.min(was.index, was.column.ids.length));
    count(was.column, card, 1);
    draw(was.column);
    reportError(error, () => leave(id));
  }
}


