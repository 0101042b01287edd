// Rows kept up to date: those that changed are asked for together; after an absence the first page anew.
import { address, all, fragment, one, paced, root } from "./dom.js";
import { listGeneration, watchEnd } from "./list.js";
import { decorateAll, list, placeRow, removeRow, rowOf, rows, showCounts } from "./rows.js";

const MOST_IDS = 100;
const touched = new Set();
let sinceAsked = new Set();
let turn = Promise.resolve();

// One at a time, or an older answer would overwrite a newer one
const inTurn = (work) => () => (turn = turn.then(work, work));

// What changed while a new list was on its way may be missing in it
document.addEventListener("inbox:list-asked", () => (sinceAsked = new Set()));
document.addEventListener("inbox:list", () => {
  touched.clear();
  touch(...sinceAsked);
});

/** A conversation changed: its row is asked for again, together with others that changed. */
export function touch(...ids) {
  for (const id of ids.map(Number)) {
    touched.add(id);
    sinceAsked.add(id);
  }
  if (touched.size) refreshRows();
}

const refreshRows = paced(inTurn(async () => {
  const ids = [...touched].slice(0, MOST_IDS);
  if (!ids.length) return;
  const mine = listGeneration();
  ids.forEach((id) => touched.delete(id));
  try {
    const body = await fragment(address("/rows", { ids: ids.join(",") }));
    if (mine !== listGeneration()) return;
    const answer = body.firstElementChild;
    const fresh = [...answer.children];
    const kept = new Set(fresh.map((row) => Number(row.dataset.id)));
    ids.filter((id) => !kept.has(id)).forEach(removeRow);
    fresh.forEach(placeRow);
    showCounts(JSON.parse(answer.dataset.counts));
    document.dispatchEvent(new CustomEvent("inbox:rows"));
  } catch (error) {
    ids.forEach((id) => touched.add(id));
    throw error;
  }
  if (touched.size) refreshRows();
}));

/** After an absence: the first page anew. What is loaded beyond it is checked row by row. */
export const catchUp = paced(inTurn(async () => {
  const mine = listGeneration();
  const body = await fragment(address("/list"));
  if (mine !== listGeneration()) return;
  const fresh = all("[data-rows] > [data-id]", body);
  const last = fresh.at(-1);
  // The page's last row stands where it stood: nothing between the pages was missed
  const joins = !one("[data-more]", body) || (last && rowOf(last.dataset.id)?.dataset.at === last.dataset.at);
  const known = new Set(fresh.map((row) => row.dataset.id));
  for (const place of all(".list-tabs [data-count]", body)) {
    one(`.list-tabs [data-count="${place.dataset.count}"]`, root).textContent = place.textContent;
  }
  if (!joins) {
    list().replaceChildren(...one("[data-rows]", body).children);
    decorateAll();
    watchEnd();
    return;
  }
  const others = rows().map((row) => row.dataset.id).filter((id) => !known.has(id));
  fresh.forEach(placeRow);
  if (!one("[data-more]", body)) one("[data-more]", list())?.remove();
  if (others.length) touch(...others);
}));

// Whoever has waited long enough enters the list of those that wait without any event
setInterval(() => new URLSearchParams(location.search).has("waiting") && catchUp(), 30_000);
