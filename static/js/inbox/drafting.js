// A reply as the organization's language model would write it, put behind what is written already.
import { api, reportError } from "../api.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { field, form, mode, setMode } from "./composer.js";
import { one, root, state } from "./dom.js";
import { draftOf, keepDraft } from "./drafts.js";

// Conversation → what waits there while a note is written: behind it, it would take the note to the customer
const waiting = new Map();

const behind = (written, words) => (written.trim() ? `${written.trimEnd()}\n\n${words}` : words);

/** As if it were typed: the browser's own undo takes it back. */
function type(words) {
  const text = field();
  const kept = text.value.trimEnd();
  const whole = behind(text.value, words);
  text.focus();
  text.setSelectionRange(kept.length, text.value.length);
  if (document.execCommand("insertText", false, whole.slice(kept.length))) return;
  text.value = whole;
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Into the reply, never into a note; answers what to say about it. */
function put(words) {
  if (mode() === "note" && field().value.trim()) {
    waiting.set(state.open, words);
    return t("inbox.draft.waits");
  }
  if (mode() === "note") setMode("reply");
  type(words);
  return t("inbox.draft.done");
}

/** Left for another conversation meanwhile: it waits there with what was written. */
function keep(id, words) {
  const known = draftOf(id);
  if (known?.mode === "note") waiting.set(id, words);
  else keepDraft(id, behind(known?.text ?? "", words), "reply");
  toast(t("inbox.draft.elsewhere"));
}

const say = (words) => {
  const place = one("[data-drafting]", form() ?? root);
  if (place) place.textContent = words;
};

async function draft(button) {
  const id = state.open;
  button.disabled = true;
  say(t("inbox.draft.busy"));
  let done = "";
  try {
    const { text } = await api("POST", `/api/app/inbox/conversations/${id}/draft`);
    if (state.open !== id || !form()) keep(id, text);
    else done = put(text);
  } catch (error) {
    reportError(error, () => button.isConnected && draft(button));
  }
  button.disabled = false;
  if (button.isConnected) say(done);
}

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-draft-reply]");
  if (button) draft(button);
});

document.addEventListener("inbox:mode", () => {
  const words = mode() === "reply" && waiting.get(state.open);
  if (!words) return;
  waiting.delete(state.open);
  say(put(words));
});

root.addEventListener("submit", () => say(waiting.has(state.open) ? t("inbox.draft.waits") : ""));
