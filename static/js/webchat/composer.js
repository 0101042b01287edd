// Writing: the field grows, keeps what was typed, and sends.
import { t } from "../i18n.js";
import { token } from "./api.js";
import { complain, hasFiles, takeFiles } from "./files.js";
import { typing } from "./live.js";
import { framed, on, read, write } from "./store.js";
import * as thread from "./thread.js";

const LONGEST = 4096;
const IDLE_MS = 4_000;
const form = document.getElementById("composer");
const field = document.getElementById("text");
const button = document.getElementById("send");
const ask = document.getElementById("ask");
const name = document.getElementById("name");
const byTouch = matchMedia("(pointer: coarse)");
let idle = 0;

function grow() {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
  // The server counts characters, JavaScript halves of them
  const over = [...field.value.trim()].length - LONGEST;
  if (over > 0) complain(t("text.too_long", { count: over }));
  else if (document.getElementById("problem").dataset.over) complain();
  document.getElementById("problem").toggleAttribute("data-over", over > 0);
  button.disabled = over > 0 || (!field.value.trim() && !hasFiles());
}

function hints() {
  clearTimeout(idle);
  typing(field.value.trim() !== "");
  idle = setTimeout(() => typing(false), IDLE_MS);
}

function submit() {
  if (button.disabled) return;
  const text = field.value.trim();
  if (name && !token()) write("name", name.value.trim() || null);
  const files = takeFiles();
  // The words go with the first file
  if (files.length) files.forEach((entry, at) => thread.say({ ...entry, text: at ? "" : text }));
  else thread.say({ text });
  field.value = "";
  write("draft", null);
  clearTimeout(idle);
  typing(false);
  grow();
  field.focus();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});

field.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || byTouch.matches) return;
  event.preventDefault();
  submit();
});

field.addEventListener("input", () => {
  write("draft", field.value || null);
  grow();
  hints();
});
field.addEventListener("blur", () => typing(false));
document.addEventListener("chat:files", grow);
addEventListener("resize", grow);

if (name) {
  const showAsk = () => (ask.hidden = Boolean(token()) || !thread.isEmpty());
  on("changed", showAsk);
  on("session", showAsk);
  name.value = read("name", "");
  showAsk();
  name.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    field.focus();
  });
}

field.value = read("draft", "");
grow();
if (!framed && !byTouch.matches) field.focus();

/** Put the cursor where the visitor writes; on a phone that would open the keyboard over everything. */
export function focusField() {
  if (byTouch.matches) document.getElementById("scroll").focus();
  else field.focus();
}
