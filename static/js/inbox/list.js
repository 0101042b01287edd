// The list as a whole: filters that live in the address, and endless loading.
import { reportError } from "../api.js";
import { address, fragment, fromTemplate, one, root, state } from "./dom.js";
import { decorate, decorateAll, forgetAbove, list, pane, rowOf } from "./rows.js";

const box = one("[data-list]", root);
let loading = null;
let generation = 0;

/** Which list is shown: an answer to an older question must not be drawn into it. */
export const listGeneration = () => generation;

// --- filters -------------------------------------------------------------------------------------

/** Show the list under the filter that the address holds now. */
export async function loadList() {
  loading?.abort();
  loading = new AbortController();
  const mine = ++generation;
  document.dispatchEvent(new CustomEvent("inbox:list-asked"));
  const patience = setTimeout(() => {
    list()?.replaceChildren(fromTemplate("list-skeleton"));
  }, 300);
  try {
    const body = await fragment(address("/list"), loading.signal);
    clearTimeout(patience);
    if (mine !== generation) return;
    window.Idiomorph.morph(box, [...body.childNodes], { morphStyle: "innerHTML", ignoreActiveValue: true, callbacks: { beforeAttributeUpdated: keepsMenuOpen, beforeNodeMorphed: isOurs } });
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

/** The queues between the filters and the rows are drawn by a script of their own. */
const isOurs = (node) => !node.matches?.("[data-queue]");

/** Several filters are chosen in a row: their menu stays open while the list is drawn anew. */
export function keepsMenuOpen(name, node) {
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

/** Load the next page before one gets to the end. */
export function watchEnd() {
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

/** Once, when the page is there. */
export function startList() {
  decorateAll();
  watchEnd();
}
