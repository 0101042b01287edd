// News from the server. A version orders it: our own echo and late news change nothing.
import { api } from "../api.js";
import { t } from "../i18n.js";
import { isLive } from "../socket.js";
import { draw, drawBoard } from "./columns.js";
import { cancel, dragged } from "./drag.js";
import { address, onFilter } from "./filters.js";
import { holding, letGo } from "./keys.js";
import { board, cards, lift, pipelineId, count, setBoard } from "./model.js";
import { put } from "./moves.js";
import { showBar } from "./select.js";
import { loadSide, openedCard } from "./side.js";

const due = new Set();
let timer = 0;
let loading = null;
let catching = 0;

/** Ask for these cards soon; several pieces of news cost one question. */
function refresh(id, wait = 60) {
  due.add(id);
  clearTimeout(timer);
  timer = setTimeout(ask, wait);
}

async function ask() {
  const ids = [...due].slice(0, 100);
  ids.forEach((id) => due.delete(id));
  try {
    const answer = await api("GET", address("cards", { ids: ids.join(",") }));
    const found = new Map(answer.items.map((card) => [card.id, card]));
    for (const id of ids) take(id, found.get(id));
    for (const column of board.columns) {
      Object.assign(column, answer.totals[column.id] ?? { count: 0, total: 0, value: 0, without_value: 0 });
      draw(column);
    }
  } catch (error) {
    if (error.status === 0 || error.status >= 500) ids.forEach((id) => due.add(id));
  }
  if (due.size) refresh([...due][0], 1000);
}

function take(id, card) {
  const known = cards.get(id);
  if (board.busy.has(id)) return; // its own answer comes in a moment
  if (!card) {
    const was = lift(id);
    if (was) count(was.column, known, -1);
    cards.delete(id);
    board.selected.delete(id);
    showBar();
    return;
  }
  if (known && known.version > card.version) return;
  put(card);
}

/** The whole board anew, under the filter. */
export async function reloadBoard() {
  loading?.abort();
  loading = new AbortController();
  const moves = board.moves;
  try {
    const answer = await api("GET", address("board", { limit: 25 }), undefined, { signal: loading.signal });
    // Older than what was moved here meanwhile
    if (board.busy.size || board.moves !== moves) return catchUp();
    setBoard(answer);
    drawBoard();
    showBar();
  } catch (error) {
    if (error.name !== "AbortError" && error.status === 404) location.assign("/app/pipelines");
  }
}

/** The same as soon as nothing is held or on its way. */
function catchUp() {
  clearTimeout(catching);
  if (dragged() || holding() || board.busy.size) catching = setTimeout(catchUp, 300);
  else reloadBoard();
}

onFilter(reloadBoard);

document.addEventListener("cloudchat:pipeline:stage-changed", ({ detail }) => {
  const mine = detail.pipelineId === pipelineId || detail.fromPipelineId === pipelineId;
  const known = cards.get(detail.conversationId);
  if (!mine || (known && known.version >= detail.version)) return;
  if (!board.busy.has(detail.conversationId)) letGoOf(detail);
  refresh(detail.conversationId);
  if (openedCard() === detail.conversationId) loadSide();
});

/** What is held here has been moved by somebody else: it is theirs now. */
function letGoOf({ conversationId: id, actor }) {
  const name = cards.get(id)?.contact.name ?? "";
  if (dragged() === id) cancel(t("pipeline.taken", { name, who: actor.name ?? t("pipeline.automation") }));
  letGo(id);
}

document.addEventListener("cloudchat:pipeline:updated", ({ detail }) => detail.pipelineId === pipelineId && catchUp());

for (const name of ["message:new", "conversation:updated"]) {
  document.addEventListener(`cloudchat:${name}`, ({ detail }) => {
    const id = detail.conversationId;
    if (cards.has(id)) refresh(id, 300);
    if (openedCard() === id) loadSide();
  });
}
document.addEventListener("cloudchat:contact:updated", ({ detail }) => {
  for (const card of cards.values()) if (card.contact.id === detail.contactId) refresh(card.id, 300);
});
// Also the first time: something may have moved between the making of the page and now
if (isLive()) catchUp();
for (const name of ["connected", "poll"]) document.addEventListener(`cloudchat:${name}`, catchUp);

// Times and stuck marks grow by themselves
setInterval(() => !dragged() && !document.hidden && board.columns.forEach(draw), 60_000);
