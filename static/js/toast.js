// One short message at the bottom right, with at most one action. A new one takes the old one's place.
import { t } from "./i18n.js";
import { icon } from "./icon.js";

const box = document.getElementById("toast");
const region = box?.parentElement;
const ICONS = { success: "circle-check", error: "alert-circle", info: "info-circle" };
let timer = 0;
let left = 0;
let since = 0;

/** Show a message. kind: info, success or error; action: {label, run}; seconds: how long it stays. */
export function toast(text, { kind = "info", action = null, seconds = action || kind === "error" ? 10 : 5 } = {}) {
  if (!box) return;
  const words = document.createElement("span");
  words.className = "toast-text";
  words.textContent = text;
  const parts = [icon(ICONS[kind] || ICONS.info), words];
  if (action) parts.push(button(action.label, action.run, "btn btn-sm"));
  parts.push(closeButton());
  box.className = `toast toast-${kind}`;
  box.replaceChildren(...parts);
  // Shown anew each time, above a dialog that was opened since, and inside it: what is outside is inert
  if (box.matches(":popover-open")) box.hidePopover();
  (document.querySelector("dialog:modal") ?? document.body).append(region);
  box.showPopover();
  start(seconds * 1000);
}

/** "Done", with an undo button for ten seconds. */
export function undoable(text, undo) {
  toast(text, { kind: "success", action: { label: t("undo"), run: undo }, seconds: 10 });
}

/** Take the message away. */
export function hideToast() {
  clearTimeout(timer);
  if (box?.matches(":popover-open")) box.hidePopover();
  box?.replaceChildren();
}

function button(label, run, className) {
  const element = document.createElement("button");
  element.type = "button";
  element.className = className;
  element.textContent = label;
  element.addEventListener("click", () => {
    hideToast();
    run?.();
  });
  return element;
}

function closeButton() {
  const element = button("", null, "btn btn-ghost btn-sm btn-icon");
  element.setAttribute("aria-label", t("close"));
  element.append(icon("x"));
  return element;
}

function start(milliseconds) {
  clearTimeout(timer);
  left = milliseconds;
  since = Date.now();
  timer = setTimeout(hideToast, left);
}

// Time stands still while it is pointed at or focused: nobody has to hurry
for (const name of ["pointerenter", "focusin"]) {
  box?.addEventListener(name, () => {
    clearTimeout(timer);
    left -= Date.now() - since;
  });
}
for (const name of ["pointerleave", "focusout"]) {
  box?.addEventListener(name, () => box.childElementCount && start(Math.max(left, 2000)));
}

// From the server: HX-Trigger: {"cloudchat:toast": {"text": "…", "kind": "success"}}
document.addEventListener("cloudchat:toast", (event) => toast(event.detail.text, event.detail));
