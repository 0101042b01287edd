// What the board knows: columns with the ids of their loaded cards, and each card once.
import { addTexts, locale } from "../i18n.js";

addTexts(JSON.parse(document.getElementById("pipeline-texts").textContent));

const first = JSON.parse(document.getElementById("board-first").textContent);
export const root = document.querySelector("[data-board]");
export const pipelineId = Number(root.dataset.board);
export const board = { columns: [], money: {}, selected: new Set(), busy: new Set(), moves: 0, sort: "manual" };
export const cards = new Map();

/** Replace everything by the server's answer. */
export function setBoard(answer) {
  cards.clear();
  board.money = { value: answer.value, weighted: answer.weighted_value };
  board.columns = answer.stages.map(({ cards: rows, next_cursor: cursor, ...head }) => {
    rows.forEach((card) => cards.set(card.id, card));
    return { ...head, ids: rows.map((card) => card.id), cursor, loading: false };
  });
  for (const id of board.selected) if (!cards.has(id)) board.selected.delete(id);
}

export const columnOf = (stageId) => board.columns.find((column) => column.id === stageId);
export const byHand = () => board.sort === "manual";

/** Take a card out of its column; answers where it was, for putting it back. */
export function lift(id) {
  const column = board.columns.find((other) => other.ids.includes(id));
  if (!column) return null;
  const index = column.ids.indexOf(id);
  column.ids.splice(index, 1);
  return { column, index, above: column.ids[index - 1] ?? null, below: column.ids[index] ?? null };
}

/** Put a card into a column: at an index, else where its key says. Behind what is loaded it is not shown. */
export function drop(card, column, index = null) {
  cards.set(card.id, card);
  if (index === null) index = placeOf(card, column);
  if (index !== null) column.ids.splice(index, 0, card.id);
}

function placeOf(card, column) {
  if (!byHand()) return 0;
  const key = (id) => cards.get(id).position;
  const at = column.ids.findIndex((id) => key(id) > card.position || (key(id) === card.position && id > card.id));
  if (at >= 0) return at;
  return column.cursor ? null : column.ids.length;
}

/** Counts and sums change with the card, until the server says them anew. */
export function count(column, card, by) {
  column.count += by;
  column.total += by;
  if (card.deal_value === null) column.without_value += by;
  else column.value += by * card.deal_value;
}

const signs = { IDR: "Rp", USD: "US$", SGD: "S$", MYR: "RM", EUR: "€", AUD: "A$", JPY: "¥", THB: "฿" };
const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const short = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const sign = signs[root.dataset.currency] ?? `${root.dataset.currency} `;

/** Rp12.500 */
export const money = (value) => sign + number.format(value);

/** Rp1,2 jt */
export const shortMoney = (value) => sign + short.format(value);

export const plain = (value) => number.format(value);

setBoard(first);
