// The list as a whole: filters that live in the address, endless loading, catching up.
import { reportError } from "../api.js";
import { all, address, fragment, fromTemplate, one, paced, root, state } from "./dom.js";
import { decorate, decorateAll, forgetAbove, list, pane, placeRow, removeRow, rowOf, rows, showCounts } from "./rows.js";

const MOST_IDS = 100;
const box = one("[data-list]", root);
const touched = new Set();
let loading = null;
let generation = 0;

// --- filters -------------------------------------------------------------------------------------

/** Show the list under the filter that the address holds now. */
export async function loadList() {
  loading?.abort();
  loading = new AbortController();
  const mine = ++generation;
  const patience = setTimeout(() => {
    list()?.replaceChildren(fromTemplate("list-skeleton"));
  }, 300);
  try {
    const body = await fragment(address("/list"), loading.signal);
    clearTimeout(patience);
    if (mine !== generation) return;
    touched.clear();
    window.Idiomorph.morph(box, [...body.childNodes], { morphStyle: "innerHTML", ignoreActiveValue: true, callbacks: { beforeAttributeUpdated: keepsMenuOpen } });
    pane().scrollTop = 0;
    decorateAll();
    forgetAbove();
    watchEnd();
    document.dispatchEvent(new CustomEvent("inbox:list"));
  } catch (error) {
    clearTimeout(patience);
    if (error.name !== "AbortError") showError(error);
  }
}

/** Several filters are chosen in a row: their menu stays open while the list is drawn anew. */
function keepsMenuOpen(name, node) {
  return !(node.matches?.(".dropdown-menu.show") && ["class", "popover", "style"].includes(name));
}

function showError(error) {
  const box = fromTemplate("list-error");
  one("[data-error-text]", box).textContent = error.message;
  list().replaceChildren(box);
}

/** Change the filter: the address first, then what is shown. `replace`: no new entry of the history. */
export function filter(search, { replace = false } = {}) {
  const path = state.open ? `/app/inbox/${state.open}` : "/app/inbox";
  history[replace ? "replaceState" : "pushState"]({ open: state.open }, "", path + (search === "?" ? "" : search));
  loadList();
}

/** Change single fields of the filter; null takes one out. */
export function refine(changes, options) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  filter(`?${query}`, options);
}

box.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-filter]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
    event.preventDefault();
    filter(link.getAttribute("href"));
  }
  if (event.target.closest("[data-list-retry]")) loadList();
  if (event.target.closest("[data-load-more]")) loadMore();
});

box.addEventListener("change", (event) => {
  const form = event.target.closest("[data-filter-form]");
  if (!form) return;
  const value = event.target.type === "checkbox" ? event.target.checked && "true" : event.target.value;
  refine({ [event.target.name]: value });
});

// --- endless -------------------------------------------------------------------------------------

let observer = null;

function watchEnd() {
  observer?.disconnect();
  const more = one("[data-more]", list());
  if (!more) return;
  observer = new IntersectionObserver((found) => found.some((entry) => entry.isIntersecting) && loadMore(), { root: pane(), rootMargin: "600px" });
  observer.observe(more);
}

async function loadMore() {
  const more = one("[data-more]", list());
  if (!more || more.dataset.busy) return;
  more.dataset.busy = "1";
  const mine = generation;
  try {
    const body = await fragment(address("/more", { cursor: more.dataset.more }));
    if (mine !== generation) return;
    const fresh = [...body.children];
    more.replaceWith(...fresh.filter((row) => !row.dataset.id || !rowOf(row.dataset.id)));
    fresh.filter((row) => row.dataset.id && row.isConnected).forEach(decorate);
    watchEnd();
  } catch (error) {
    delete more.dataset.busy;
    reportError(error, loadMore);
  }
}

// --- live ----------------------------------------------------------------------------------------

/** A conversation changed: its row is asked for again, together with others that changed. */
export function touch(...ids) {
  ids.forEach((id) => touched.add(Number(id)));
  if (touched.size) refreshRows();
}

const refreshRows = paced(async () => {
  const ids = [...touched].slice(0, MOST_IDS);
  if (!ids.length) return;
  const mine = generation;
  ids.forEach((id) => touched.delete(id));
  try {
    const body = await fragment(address("/rows", { ids: ids.join(",") }));
    if (mine !== generation) return;
    const answer = body.firstElementChild;
    const fresh = [...answer.children];
    const kept = new Set(fresh.map((row) => Number(row.dataset.id)));
    ids.filter((id) => !kept.has(id)).forEach(removeRow);
    fresh.forEach(placeRow);
    showCounts(JSON.parse(answer.dataset.counts));
  } catch (error) {
    ids.forEach((id) => touched.add(id));
    throw error;
  }
  if (touched.size) refreshRows();
});

/** After an absence: the first page anew. What is loaded beyond it is checked row by row. */
export const catchUp = paced(async () => {
  const mine = generation;
  const body = await fragment(address("/list"));
  if (mine !== generation) return;
  const fresh = all("[data-rows] > [data-id]", body);
  const last = fresh.at(-1);
  // The page's last row stands where it stood: nothing between the pages was missed
  const joins = !one("[data-more]", body) || (last && rowOf(last.dataset.id)?.dataset.at === last.dataset.at);
  const known = new Set(fresh.map((row) => row.dataset.id));
  for (const place of all(".list-tabs [data-count]", body)) {
    one(`.list-tabs [data-count="${place.dataset.count}"]`, box).textContent = place.textContent;
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
});

export function startList() {
  decorateAll();
  watchEnd();
}
