// The composer: reply or note, sending, what Enter does, the counter. Files, canned replies and drafts help it.
import { t } from "../i18n.js";
import { all, me, memory, one, root, state, thread } from "./dom.js";
import { draftOf, keepDraft } from "./drafts.js";
import { clearFiles, filesToSend, hasFiles } from "./attachments.js";
import { send } from "./pending.js";
import { canReply, refreshWindow } from "./window.js";
import { sync } from "./sync.js";
import { toEnd } from "./thread.js";
import { stopTyping, typed } from "./viewing.js";

const ENTER_KEY = `cloudchat.enter.${me}`;
let enterSends = memory.get(ENTER_KEY, true);

export const form = () => one("[data-composer]", thread() ?? root);
export const field = () => one("textarea[data-text]", thread() ?? root);
export const mode = () => form()?.dataset.mode ?? "reply";

/** Write a reply or a note from now on. */
export function setMode(name, { focus = true } = {}) {
  const box = form();
  if (!box) return;
  box.dataset.mode = name;
  for (const button of all("[data-mode]", box)) {
    if (button !== box) button.setAttribute("aria-pressed", String(button.dataset.mode === name));
  }
  const note = name === "note";
  const text = field();
  text.placeholder = note ? text.dataset.noteLabel : text.dataset.replyLabel;
  const label = one("[data-send-label]", box);
  label.textContent = note ? label.dataset.noteLabel : label.dataset.replyLabel;
  refreshWindow();
  refresh();
  keepDraft(state.open, text.value, name);
  if (focus && !one("[data-field]", box).hidden) text.focus();
  document.dispatchEvent(new CustomEvent("inbox:mode"));
}

/** Put words where the caret is. */
export function insert(words) {
  const text = field();
  text.focus();
  text.setRangeText(words, text.selectionStart, text.selectionEnd, "end");
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Replace what is written. */
export function write(words) {
  const text = field();
  text.value = words;
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

function refresh() {
  const box = form();
  const text = field();
  const limit = mode() === "note" ? 10_000 : Number(box.dataset.limit);
  const left = limit - text.value.trim().length;
  const counter = one("[data-counter]", box);
  counter.hidden = left > Math.max(100, limit * 0.1);
  counter.textContent = t("inbox.characters_left", { count: left });
  counter.classList.toggle("is-over", left < 0);
  const something = text.value.trim() || (mode() === "reply" && hasFiles());
  one("[data-send]", box).disabled = !something || left < 0 || (mode() === "reply" && (!canReply() || filesToSend() === null));
  grow(text);
}

// Browsers without field-sizing: the height by hand
function grow(text) {
  if (CSS.supports("field-sizing", "content")) return;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

function submit() {
  const box = form();
  const text = field();
  if (one("[data-send]", box).disabled) return;
  const words = text.value.trim();
  if (mode() === "note") send(state.open, { text: words, note: true });
  else {
    const files = filesToSend();
    files.forEach((file, index) => send(state.open, { text: index === 0 ? words : "", file }));
    if (!files.length) send(state.open, { text: words });
    clearFiles();
  }
  stopTyping();
  write("");
  toEnd();
  text.focus();
}

root.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-composer]")) return;
  event.preventDefault();
  submit();
});

root.addEventListener("input", (event) => {
  if (!event.target.matches("textarea[data-text]")) return;
  keepDraft(state.open, event.target.value, mode());
  refresh();
  if (event.target.value) typed(mode() === "note");
});

root.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("textarea[data-text]") || event.key !== "Enter" || event.isComposing || event.defaultPrevented) return;
  const command = event.ctrlKey || event.metaKey;
  if (command || (enterSends && !event.shiftKey && !event.altKey)) {
    event.preventDefault();
    submit();
  }
});

root.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-mode]");
  if (button) setMode(button.dataset.mode);
});

document.addEventListener("click", (event) => {
  const item = event.target.closest?.("[data-enter-sends]");
  if (!item) return;
  enterSends = item.dataset.enterSends !== "";
  memory.set(ENTER_KEY, enterSends);
  markEnter();
});

function markEnter() {
  for (const item of all("[data-enter-sends]")) item.setAttribute("aria-checked", String((item.dataset.enterSends !== "") === enterSends));
}

document.addEventListener("inbox:opened", (event) => {
  const draft = draftOf(state.open);
  field().value = draft?.text ?? "";
  setMode(draft?.mode ?? "reply", { focus: false });
  if (event.detail.focus === "composer") field().focus();
});
for (const name of ["inbox:head", "inbox:files"]) {
  document.addEventListener(name, () => {
    if (!form()) return;
    refreshWindow();
    refresh();
  });
}
document.addEventListener("inbox:sent", (event) => event.detail.conversation === state.open && sync());
// What could not be sent and was given up comes back to the field, unless something else stands there
document.addEventListener("inbox:discarded", (event) => {
  if (field() && !field().value && event.detail.text) write(event.detail.text);
});

markEnter();
