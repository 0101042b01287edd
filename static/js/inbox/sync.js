// The open thread kept up to date: one request for the header, what is new, and what changed.
import { announce, all, fragment, one, paced, state, thread } from "./dom.js";
import { t } from "../i18n.js";
import { cursor, joinDays, renewEntries, stillOpen, unsettled } from "./entries.js";
import { touch } from "./fresh.js";
import { refreshDays } from "./older.js";
import { grew, showGone } from "./thread.js";

const again = new Set();
let everything = false;
let missed = false;

/** Bring the open thread up to date; `ids` are entries (m-1, n-2) that changed. */
export function sync(...ids) {
  ids.forEach((id) => again.add(id));
  if (state.open) pull();
}

/** After an absence: also what is shown and may have changed meanwhile. */
export function syncAll() {
  everything = true;
  sync();
}

const pull = paced(async () => {
  const id = state.open;
  missed = !stillOpen(id);
  if (!id || missed) return;
  const wanted = everything ? unsettled() : { messages: [], notes: [] };
  everything = false;
  const asked = [...new Set([...again, ...wanted.messages, ...wanted.notes])].filter((name) => document.getElementById(name));
  again.clear();
  const ids = (kind) => asked.filter((name) => name.startsWith(`${kind}-`)).map((name) => name.slice(2)).join(",");
  const query = new URLSearchParams({ ...cursor(), messages: ids("m"), notes: ids("n") });
  let body;
  try {
    body = await fragment(`/app/inbox/${id}/updates?${query}`);
  } catch (error) {
    asked.forEach((name) => again.add(name));
    if (error.status === 404 && stillOpen(id)) {
      showGone();
      touch(id);
    }
    throw error;
  }
  if (!stillOpen(id)) return;
  const answer = body.firstElementChild;
  renewEntries(all("[data-again] > *", answer), asked);
  const fresh = joinDays(all("[data-fresh] [data-day]", answer));
  refreshDays();
  renewHead(one("[data-head]", answer));
  tell(fresh);
  document.dispatchEvent(new CustomEvent("inbox:synced", { detail: { fresh } }));
  if (answer.dataset.hasMore) pull();
}, 400);

function renewHead(fresh) {
  const old = one("[data-head]", thread());
  // A menu of the header is open: its button must not be drawn anew under the pointer
  const toggle = one('[aria-expanded="true"][data-menu]', old);
  if (old.outerHTML === fresh.outerHTML) return;
  window.Idiomorph.morph(old, fresh, {
    callbacks: { beforeNodeMorphed: (node) => node !== toggle, beforeNodeRemoved: (node) => node !== toggle },
  });
  document.dispatchEvent(new CustomEvent("inbox:head"));
}

function tell(fresh) {
  if (!fresh.length) return;
  const inbound = fresh.filter((entry) => entry.dataset.direction === "in");
  grew(inbound.length || fresh.filter((entry) => entry.dataset.entry !== "activity").length);
  const name = thread().getAttribute("aria-label");
  for (const entry of inbound.slice(-3)) {
    const words = one(".bubble-text", entry)?.textContent ?? t("inbox.an_attachment");
    announce(t("inbox.says", { name, text: words.slice(0, 200) }));
  }
}

// Something happened while the thread was on its way: it may be missing in it
document.addEventListener("inbox:opened", () => missed && sync());
