// The board by keyboard: arrows walk, Space picks up and drops, Escape puts back, Enter opens.
import { t } from "../i18n.js";
import { draw, elementOf, focusCard, state } from "./columns.js";
import { board, byHand, cards, columnOf, root } from "./model.js";
import { openCardMenu } from "./menus.js";
import { announce, moveCard } from "./moves.js";
import { toggle } from "./select.js";
import { openSide } from "./side.js";

const place = root.querySelector("[data-columns]");
let held = null; // {id, stage, index}: where the card in the hand would go

place.addEventListener("focusin", (event) => {
  const item = event.target.closest("[data-card]");
  if (item) state.focused = Number(item.dataset.card);
});

place.addEventListener("keydown", (event) => {
  const item = event.target.closest("[data-card]");
  if (!item || event.target !== item || event.ctrlKey || event.metaKey || event.altKey) return;
  const id = Number(item.dataset.card);
  const act = held ? HELD[event.key] : FREE[event.key];
  if (!act) return;
  event.preventDefault();
  event.stopPropagation();
  act(id);
});

const FREE = {
  ArrowDown: (id) => walk(id, 0, 1),
  ArrowUp: (id) => walk(id, 0, -1),
  ArrowRight: (id) => walk(id, 1, 0),
  ArrowLeft: (id) => walk(id, -1, 0),
  Home: (id) => focusAt(columnIndex(id), 0),
  End: (id) => focusAt(columnIndex(id), Infinity),
  Enter: (id) => openSide(id),
  m: (id) => openCardMenu(elementOf(id).querySelector("[data-card-menu]"), id, "move"),
  x: (id) => toggle(id),
  " ": pickUp,
};

const HELD = {
  ArrowDown: () => shift(0, 1),
  ArrowUp: () => shift(0, -1),
  ArrowRight: () => shift(1, 0),
  ArrowLeft: () => shift(-1, 0),
  " ": dropIt,
  Enter: dropIt,
  Escape: putBack,
  Tab: putBack,
};

const columnIndex = (id) => board.columns.findIndex((column) => column.ids.includes(id));

function walk(id, sideways, down) {
  const at = columnIndex(id);
  const row = board.columns[at].ids.indexOf(id);
  if (!sideways) return focusAt(at, row + down);
  for (let to = at + sideways; board.columns[to]; to += sideways) {
    if (board.columns[to].ids.length) return focusAt(to, row);
  }
}

function focusAt(columnAt, row) {
  const { ids } = board.columns[columnAt];
  const id = ids[Math.max(0, Math.min(ids.length - 1, row))];
  if (id !== undefined) focusCard(id);
}

function pickUp(id) {
  if (board.busy.has(id)) return;
  const card = cards.get(id);
  const column = columnOf(card.stage_id);
  held = { id, stage: column.id, index: column.ids.indexOf(id), from: column.ids.indexOf(id) };
  mark();
  announce(t("pipeline.held", { name: card.contact.name, stage: column.name, place: held.index + 1, count: column.count }));
}

/** Where it would go; the card itself stays until it is dropped. */
function shift(sideways, down) {
  if (!cards.has(held.id)) return putBack();
  const at = board.columns.findIndex((column) => column.id === held.stage);
  const to = board.columns[at + sideways];
  if (!to) return;
  const home = to.id === cards.get(held.id).stage_id;
  const last = home ? to.ids.length - 1 : to.ids.length;
  if (sideways) Object.assign(held, { stage: to.id, index: home ? held.from : Math.min(held.index, last) });
  else held.index = byHand() ? Math.max(0, Math.min(last, held.index + down)) : held.index;
  mark();
  announce(t("pipeline.target", { stage: to.name, place: held.index + 1, count: last + 1 }));
}

function mark() {
  root.querySelectorAll(".kcol.is-over, .kcard.is-held").forEach((item) => item.classList.remove("is-over", "is-held"));
  if (!held) return;
  const column = root.querySelector(`[data-column="${held.stage}"]`);
  column.classList.add("is-over");
  column.scrollIntoView({ block: "nearest", inline: "nearest" });
  elementOf(held.id)?.classList.add("is-held");
}

async function dropIt() {
  const { id, stage, index, from } = held;
  const stays = cards.get(id)?.stage_id === stage;
  held = null;
  mark();
  if (stays && index === from) return announce(t("pipeline.cancelled", { name: cards.get(id)?.contact.name ?? "" }));
  // Within its own column the list below it closes up, so that a later place is one further on
  await moveCard(id, stage, stays && index > from ? index + 1 : index, { focus: true });
}

function putBack() {
  const name = cards.get(held?.id)?.contact.name ?? "";
  held = null;
  mark();
  announce(t("pipeline.cancelled", { name }));
}

/** Whether a card is in the hand. */
export const holding = () => held !== null;

/** Somebody else moved what is held here. */
export function letGo(id) {
  if (held?.id !== id) return;
  const column = columnOf(held.stage);
  putBack();
  if (column) draw(column);
}
