// Native dialogs: opened and closed by data attributes, or made for one question.
import { t } from "./i18n.js";
import { icon } from "./icon.js";

/** Open a <dialog> as modal; the browser gives the focus back to where it was when it closes. */
export function openDialog(dialog) {
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[autofocus], .dialog-body :is(input:not([type=hidden]), select, textarea)")?.focus();
  return dialog;
}

/** A dialog made of a title and nodes, removed when it closes. */
export function makeDialog(title, nodes, { size = "" } = {}) {
  const dialog = element("dialog", `dialog${size ? ` dialog-${size}` : ""}`);
  const heading = element("h2", "", title);
  heading.id = `dialog-${Date.now()}`;
  dialog.setAttribute("aria-labelledby", heading.id);
  const close = element("button", "btn btn-ghost btn-icon");
  close.type = "button";
  close.dataset.dialogClose = "";
  close.setAttribute("aria-label", t("close"));
  close.append(icon("x"));
  const header = element("div", "dialog-header");
  header.append(heading, close);
  const body = element("div", "dialog-body");
  body.append(...nodes);
  dialog.append(header, body);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  return dialog;
}

/** Ask a question; a promise of true (yes) or false. danger: a red button for what destroys. */
export function confirmDialog(text, { title = t("confirm.title"), label = t("ok"), danger = false } = {}) {
  const yes = element("button", `btn ${danger ? "btn-danger" : "btn-primary"}`, label);
  const no = element("button", "btn", t("cancel"));
  yes.type = no.type = "button";
  const actions = element("div", "dialog-actions");
  actions.append(no, yes);
  const dialog = makeDialog(title, [element("p", "", text), actions], { size: "sm" });
  return new Promise((resolve) => {
    yes.addEventListener("click", () => dialog.close("yes"));
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    dialog.showModal();
    (danger ? no : yes).focus();
  });
}

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest?.("[data-dialog-open]");
  if (opener) {
    event.preventDefault();
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog) openDialog(dialog);
  }
  if (event.target.closest?.("[data-dialog-close]")) event.target.closest("dialog")?.close();
  // The backdrop belongs to the dialog: a press on it hits the dialog element itself
  if (event.target.matches?.("dialog.dialog:not([data-dialog-static])") && outside(event)) event.target.close();
});

function outside(event) {
  const box = event.target.getBoundingClientRect();
  const inX = event.clientX >= box.left && event.clientX <= box.right;
  return !(inX && event.clientY >= box.top && event.clientY <= box.bottom);
}

// A plain form with data-confirm asks before it is sent
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { confirmLabel, confirmKind } = { ...form.dataset, ...event.submitter?.dataset };
  confirmDialog(question, { label: confirmLabel, danger: confirmKind === "danger" }).then((yes) => {
    if (!yes) return;
    form.dataset.confirmed = "1";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  });
}, true);

// A dialog that arrives with a swap, or stands in the page, and wants to be open
function openWaiting(root) {
  root.querySelectorAll?.("dialog[data-dialog-auto]:not([open])").forEach(openDialog);
}
openWaiting(document);
document.addEventListener("htmx:load", (event) => {
  const dialog = event.target;
  if (dialog.matches?.("dialog[data-dialog-auto]:not([open])")) openDialog(dialog);
  openWaiting(dialog);
});
