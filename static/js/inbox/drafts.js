// Drafts, kept in this browser per user and conversation.
import { me, memory, one } from "./dom.js";

const KEY = `cloudchat.drafts.${me}`;
const MOST = 200;

const read = () => memory.get(KEY, {});

/** The draft of a conversation: {text, mode}, or null. */
export const draftOf = (id) => read()[id] ?? null;

/** Keep what is typed; nothing typed means no draft. */
export function keepDraft(id, text, mode) {
  const drafts = read();
  if (text.trim()) drafts[id] = { text, mode, at: Date.now() };
  else if (drafts[id]) delete drafts[id];
  else return;
  const oldest = Object.keys(drafts).sort((a, b) => drafts[a].at - drafts[b].at);
  oldest.slice(0, Math.max(0, oldest.length - MOST)).forEach((old) => delete drafts[old]);
  memory.set(KEY, drafts);
  const row = document.getElementById(`conv-${id}`);
  if (row) markDraft(row);
}

/** Show in the list what is waiting to be sent, in the last message's place. */
export function markDraft(row) {
  const draft = draftOf(row.dataset.id);
  one("[data-draft]", row).hidden = one("[data-draft-text]", row).hidden = !draft;
  one("[data-draft-text]", row).textContent = draft?.text.slice(0, 120) ?? "";
  one("[data-said]", row).hidden = Boolean(draft);
}

// Another tab of this browser wrote or sent one
addEventListener("storage", (event) => {
  if (event.key === KEY) document.querySelectorAll("[data-rows] > [data-id]").forEach(markDraft);
});
