// Columns: heads, and of the cards only those in view and a little more. Further ones load on scroll.
import { api, reportError } from "../api.js";
import { t } from "../i18n.js";
import { icon } from "../icon.js";
import { cardElement } from "./card.js";
import { make } from "./nodes.js";
import { address } from "./filters.js";
import { board, cards, money, pipelineId, plain, root, shortMoney } from "./model.js";

const STEP = 120; // a card's height and the gap under it, as in pipeline-board.css
const SPARE = 4; // cards above and below the view
const place = root.querySelector("[data-columns]");
const drawn = new Map(); // stage id -> its elements
export const state = { focused: null };

/** Draw the whole board anew; columns that stay keep their scroll. */
export function drawBoard() {
  const wanted = new Set(board.columns.map((column) => column.id));
  for (const [id, { element }] of drawn) if (!wanted.has(id)) element.remove() || drawn.delete(id);
  if (!place.querySelector(".kcol")) place.replaceChildren();
  board.columns.forEach((column, index) => {
    const parts = drawn.get(column.id) ?? makeColumn(column);
    if (place.children[index] !== parts.element) place.insertBefore(parts.element, place.children[index] ?? null);
    draw(column);
  });
  const { value, weighted } = board.money;
  root.closest("main").querySelector("[data-board-money]").textContent = value ? t("pipeline.money", { value: money(value), weighted: money(Math.round(weighted)) }) : "";
}

function makeColumn(column) {
  const head = make("header", "kcol-head");
  const list = make("ul", "kcol-cards");
  list.setAttribute("role", "list");
  const body = make("div", "kcol-body", list);
  body.dataset.stage = column.id;
  body.tabIndex = -1;
  const element = make("section", "kcol", head, body);
  element.dataset.column = column.id;
  body.addEventListener("scroll", () => requestAnimationFrame(() => drawCards(currentOf(column.id))), { passive: true });
  drawn.set(column.id, { element, head, body, list });
  return drawn.get(column.id);
}

const currentOf = (id) => board.columns.find((column) => column.id === id);

/** Draw one column: head and cards. */
export function draw(column) {
  drawHead(column);
  drawCards(column);
}

function drawHead(column) {
  const { element, head } = drawn.get(column.id);
  const title = make("h2", "kcol-name truncate", column.name);
  title.id = `stage-${column.id}`;
  element.setAttribute("aria-labelledby", title.id);
  const full = column.wip_limit !== null && column.total >= column.wip_limit;
  const shown = column.count === column.total ? plain(column.count) : t("pipeline.of", { count: plain(column.count), total: plain(column.total) });
  const number = make("span", `kcol-count${full ? " is-full" : ""}`, column.wip_limit === null ? `(${shown})` : `(${shown}/${column.wip_limit})`);
  if (full) number.append(icon("alert-triangle", 16), make("span", "visually-hidden", t("pipeline.full")));
  const mark = icon(column.icon || "circle-dot", 20);
  if (column.color) mark.style.color = column.color;
  const menu = make("button", "btn btn-ghost btn-icon btn-sm", icon("dots", 16));
  menu.type = "button";
  menu.dataset.columnMenu = column.id;
  menu.setAttribute("aria-label", t("pipeline.stage_actions", { name: column.name }));
  const sum = make("p", "kcol-sum meta", column.value ? shortMoney(column.value) : "");
  if (column.value && column.without_value) sum.append(` · ${t("pipeline.without_value", { count: column.without_value })}`);
  head.replaceChildren(make("span", "kcol-mark", mark), title, number, menu, sum);
}

/** Only the cards in view are elements; the list is as high as if all were there. */
export function drawCards(column) {
  if (!column) return;
  const { body, list } = drawn.get(column.id);
  const size = column.ids.length;
  list.style.height = `${size * STEP}px`;
  body.classList.toggle("is-empty", column.count === 0);
  body.dataset.empty = board.columns.every((other) => other.total === 0) ? t("pipeline.empty_board") : t("pipeline.empty_column");
  const from = Math.max(0, Math.floor(body.scrollTop / STEP) - SPARE);
  const to = Math.min(size, Math.ceil((body.scrollTop + (body.clientHeight || 600)) / STEP) + SPARE);
  const kept = new Map([...list.querySelectorAll("[data-card]")].map((item) => [Number(item.dataset.card), item]));
  const wanted = column.ids.slice(from, to);
  wanted.forEach((id, offset) => place_(list, kept, id, from + offset, column));
  for (const [id, item] of kept) if (!wanted.includes(id)) dropElement(item);
  inOrder(list, wanted);
  if (column.cursor && to + 12 > size) loadMore(column);
}

function place_(list, kept, id, index, column) {
  const card = cards.get(id);
  const stamp = `${card.version}:${card.unread_count}:${card.last_message.at}:${card.stuck}:${board.selected.has(id)}:${board.busy.has(id)}:${card.deal_value}:${card.assignee?.id}:${card.labels}`;
  let item = kept.get(id);
  if (!item || item.dataset.stamp !== stamp) {
    const fresh = cardElement(card, index + 1, column.count);
    fresh.dataset.stamp = stamp;
    const focused = item?.contains(document.activeElement);
    if (item) item.replaceWith(fresh);
    else list.append(fresh);
    item = fresh;
    if (focused) item.focus();
  }
  item.style.top = `${index * STEP}px`;
  item.ariaPosInSet = index + 1;
  item.ariaSetSize = column.count;
  item.tabIndex = state.focused === id || (state.focused === null && index === 0) ? 0 : -1;
  kept.delete(id);
}

/** Read aloud and walked through as it is seen: the elements stand in the order of the cards. */
function inOrder(list, ids) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  let next = list.firstElementChild;
  for (const id of ids) {
    const item = list.querySelector(`[data-card="${id}"]`);
    if (item === next) next = next.nextElementSibling;
    else list.insertBefore(item, next);
  }
  if (focused && focused !== document.activeElement) focused.focus({ preventScroll: true });
}

/** An element that has the focus stays until the focus has gone elsewhere. */
function dropElement(item) {
  if (item.contains(document.activeElement) && cards.has(Number(item.dataset.card)) && item.parentElement.contains(item)) {
    const column = board.columns.find((other) => other.ids.includes(Number(item.dataset.card)));
    if (column && drawn.get(column.id).list === item.parentElement) return;
  }
  item.remove();
}

async function loadMore(column) {
  if (column.loading) return;
  column.loading = true;
  try {
    const { cursor } = column;
    const answer = await api("GET", address("board", { stage_id: column.id, cursor, limit: 50 }));
    if (currentOf(column.id) !== column || column.cursor !== cursor) return;
    const [found] = answer.stages;
    const known = new Set(board.columns.flatMap((other) => other.ids));
    for (const card of found.cards) {
      if (known.has(card.id)) continue;
      cards.set(card.id, card);
      column.ids.push(card.id);
    }
    column.cursor = found.next_cursor;
    column.loading = false;
    draw(column);
  } catch (error) {
    column.loading = false;
    if (error.status !== 0) reportError(error, () => loadMore(column));
  }
}

/** The element of a card, scrolled into view and drawn if need be. */
export function elementOf(id, { reveal = false } = {}) {
  const column = board.columns.find((other) => other.ids.includes(id));
  if (!column) return null;
  const { body, list } = drawn.get(column.id);
  if (reveal) {
    const top = column.ids.indexOf(id) * STEP;
    if (top < body.scrollTop) body.scrollTop = top;
    if (top + STEP > body.scrollTop + body.clientHeight) body.scrollTop = top + STEP - body.clientHeight;
    drawCards(column);
  }
  return list.querySelector(`[data-card="${id}"]`);
}

/** Give a card the focus. */
export function focusCard(id) {
  state.focused = id;
  const item = elementOf(id, { reveal: true });
  item?.closest(".kcol").scrollIntoView({ block: "nearest", inline: "nearest" });
  item?.focus({ preventScroll: true });
}

/** Where in a column a height on the screen is: the index before which a card would go. */
export function indexAt(column, y) {
  const box = drawn.get(column.id).list.getBoundingClientRect();
  return Math.max(0, Math.min(column.ids.length, Math.round((y - box.top) / STEP)));
}

export const partsOf = (stageId) => drawn.get(stageId);
export const step = STEP;

addEventListener("resize", () => board.columns.forEach(drawCards));
