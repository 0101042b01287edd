// Server events to work: which rows, which thread, which panel have to be brought up to date.
import { isLive } from "../socket.js";
import { refreshChoices } from "./choices.js";
import { head, state } from "./dom.js";
import { catchUp, touch } from "./fresh.js";
import { loadPanel } from "./panel.js";
import { rows } from "./rows.js";
import { sync, syncAll } from "./sync.js";

function on(name, run) {
  document.addEventListener(`cloudchat:${name}`, ({ detail }) => run(detail));
}

on("message:new", ({ conversationId }) => {
  touch(conversationId);
  if (conversationId === state.open) sync();
});

on("message:status", ({ conversationId, messageId }) => {
  if (conversationId === state.open) sync(`m-${messageId}`);
});

on("conversation:updated", ({ conversationId, changes }) => {
  touch(conversationId);
  if (conversationId !== state.open) return;
  sync();
  if ("labels" in changes || "assignee_id" in changes) loadPanel();
});

on("timeline:new", ({ conversationId, entry }) => {
  if (conversationId !== state.open) return;
  sync(...(entry.kind === "note_deleted" ? [`n-${entry.id}`] : []));
  if (entry.kind.startsWith("note")) loadPanel();
});

on("contact:updated", ({ contactId }) => {
  touch(...rows().filter((row) => Number(row.dataset.contact) === contactId).map((row) => row.dataset.id));
  if (Number(head()?.dataset.contact) !== contactId) return;
  sync();
  loadPanel();
});

function everything() {
  catchUp();
  syncAll();
  loadPanel();
  refreshChoices();
}

on("device:updated", refreshChoices);

// The socket may have been quicker than this script
if (isLive()) everything();
// A label that was renamed stands in rows, headers and the panel too
for (const name of ["choices:changed", "connected", "poll"]) on(name, everything);
