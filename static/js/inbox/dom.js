// What the inbox's modules share: the page's parts, fragments from the server, work that is done at most so often.
import { ApiError } from "../api.js";

export const root = document.querySelector("[data-inbox]");
export const me = Number(root.dataset.me);

/** The conversation that is open, or 0; and the ids of those that are selected. */
export const state = { open: 0, selected: new Set() };

// null within a part that is not there, such as the composer while nothing is open
export const one = (selector, within = document) => within?.querySelector(selector) ?? null;
export const all = (selector, within = document) => [...(within?.querySelectorAll(selector) ?? [])];
export const thread = () => one("[data-thread]", root);
export const head = () => one("[data-head]", root);

/** A copy of what stands in <template data-template="name">. */
export function fromTemplate(name) {
  return one(`template[data-template="${name}"]`).content.cloneNode(true);
}

/** The server's HTML as a body element. Throws ApiError. */
export async function fragment(url, signal) {
  let response;
  try {
    response = await fetch(url, { headers: { "HX-Request": "true", Accept: "text/html" }, credentials: "same-origin", signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  const text = await response.text().catch(() => "");
  if (!response.ok) throw new ApiError(response.status, parsed(text));
  return new DOMParser().parseFromString(text, "text/html").body;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** An address under /app/inbox with the list's filter and further parameters. */
export function address(path, more = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return `/app/inbox${path}?${query}`;
}

/** Call `work` soon, at most once per `gap` and never twice at a time; what is asked for meanwhile makes
 *  one more call. A failing call is tried again, later each time. */
export function paced(work, gap = 500) {
  let running = false;
  let wanted = false;
  let last = 0;
  let timer = 0;
  let failures = 0;

  async function go() {
    timer = 0;
    running = true;
    wanted = false;
    last = Date.now();
    try {
      await work();
      failures = 0;
    } catch (error) {
      // Gone, forbidden or signed out: asking again would not help
      if (error.status >= 400 && error.status < 500 && error.status !== 429) failures = 0;
      else {
        failures += 1;
        wanted = true;
      }
    }
    running = false;
    if (wanted) plan();
  }

  function plan() {
    if (running || timer) return;
    const pause = failures ? Math.min(15_000, 1000 * 2 ** failures) : document.hidden ? 2_000 : gap;
    timer = setTimeout(go, Math.max(0, last + pause - Date.now()));
  }

  function ask() {
    wanted = true;
    plan();
  }
  // Back from an absence: at once, whatever failed before
  const soon = () => {
    if (!wanted && !timer) return;
    clearTimeout(timer);
    timer = failures = last = 0;
    ask();
  };
  addEventListener("online", soon);
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  return ask;
}

/** Say something to people who do not see the page. */
export function announce(text) {
  const line = document.createElement("p");
  line.textContent = text;
  const log = one("[data-announce]", root);
  log.append(line);
  while (log.childElementCount > 5) log.firstElementChild.remove();
}

/** Read and write what this browser remembers; nothing breaks where storage is switched off. */
export const memory = {
  get(key, fallback = null) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? fallback;
    } catch {
      return fallback;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // full or switched off: it holds for this page
    }
  },
};
