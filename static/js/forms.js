// Forms: errors beside their fields in our own words, one sending at a time, a question before changes are lost.
import { t } from "./i18n.js";
import { icon } from "./icon.js";

const before = new WeakMap();

/** Show {name: [sentence]} beside the fields of a form and focus the first. Answers whether any was found. */
export function showErrors(form, fields) {
  clearErrors(form);
  const found = Object.entries(fields).filter(([name, sentences]) => showError(form, name, [].concat(sentences).join(" ")));
  if (found.length) form.querySelector('[aria-invalid="true"]')?.focus();
  return found.length > 0;
}

/** Take all errors off a form. */
export function clearErrors(form) {
  form.querySelectorAll(".invalid-feedback").forEach((note) => note.remove());
  form.querySelectorAll('[aria-invalid="true"]').forEach((input) => input.removeAttribute("aria-invalid"));
}

function showError(form, name, sentence) {
  const input = form.querySelector(`[name="${CSS.escape(name)}"]:not([type=hidden])`);
  const group = input?.closest(".form-group, .switch, .check");
  if (!group) return false;
  const note = document.createElement("div");
  note.className = "invalid-feedback";
  note.id = `${input.id || name}-error`;
  const words = document.createElement("span");
  words.textContent = sentence;
  note.append(icon("alert-circle", 16), words);
  (group.querySelector(":scope > .input-group") || (group.contains(input) && input)).after(note);
  input.setAttribute("aria-invalid", "true");
  const help = group.querySelector(".form-text")?.id;
  input.setAttribute("aria-describedby", [note.id, help].filter(Boolean).join(" "));
  return true;
}

function sentenceFor(input) {
  const { validity } = input;
  if (validity.valueMissing) return t("form.required");
  if (validity.tooShort) return t("form.too_short", { count: input.minLength });
  if (validity.typeMismatch && input.type === "email") return t("form.bad_email");
  return input.title || input.validationMessage || t("form.invalid");
}

function checkOwn(form) {
  const bad = [...form.elements].filter((input) => input.willValidate && input.name && !input.validity.valid);
  return bad.length && showErrors(form, Object.fromEntries(bad.map((input) => [input.name, sentenceFor(input)])));
}

// data-form: our sentences instead of the browser's bubbles. Without this script the browser's remain.
function prepare(root) {
  const forms = [...(root.querySelectorAll?.("form[data-form], form[data-guard]") ?? [])];
  if (root.matches?.("form[data-form], form[data-guard]")) forms.push(root);
  for (const form of forms) {
    if (form.dataset.form !== undefined) form.noValidate = true;
    if (form.dataset.guard !== undefined && !before.has(form)) before.set(form, snapshot(form));
  }
}

// Capture: before htmx or a page's own handler sends it
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.form !== undefined && !event.submitter?.formNoValidate && checkOwn(form)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  before.delete(form);
  if (form.dataset.sending) return event.preventDefault();
  if (form.target) return;
  form.dataset.sending = "1";
  if (event.submitter) event.submitter.dataset.busy = "";
  // A download answers without leaving the page
  setTimeout(() => release(form), 8_000);
});

function release(form) {
  delete form.dataset.sending;
  form.querySelectorAll("[data-busy]").forEach((button) => delete button.dataset.busy);
}

// Back in history: a page from the browser's cache is ready to be sent again
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sending]").forEach(release);
});

function snapshot(form) {
  return new Map([...form.elements].filter((input) => input.name && input.type !== "hidden").map((input) => [input, valueOf(input)]));
}

function valueOf(input) {
  return ["checkbox", "radio"].includes(input.type) ? input.checked : input.value;
}

function changed(form) {
  const old = before.get(form);
  return old ? [...old].filter(([input, value]) => input.isConnected && valueOf(input) !== value).map(([input]) => input) : [];
}

/** What is there now counts as saved: call it after saving a data-guard form by script. */
export function markSaved(form) {
  before.set(form, snapshot(form));
  showChanged(form);
}

/** What a label calls its field, without the mark or the help that stand in it. */
function nameOf(label) {
  const first = label?.firstChild?.textContent.trim();
  if (first || !label) return first;
  const words = label.cloneNode(true);
  for (const help of words.querySelectorAll("small")) help.remove();
  return words.textContent.trim();
}

function showChanged(form) {
  const names = changed(form).map((input) => nameOf(input.labels?.[0]) || input.name);
  for (const place of form.querySelectorAll("[data-changes]")) {
    place.textContent = names.length ? t("form.changed", { fields: [...new Set(names)].join(", ") }) : "";
  }
}

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.dataset.guard !== undefined) showChanged(form);
  if (event.target.matches?.('[aria-invalid="true"]') && event.target.validity.valid) {
    event.target.removeAttribute("aria-invalid");
    event.target.closest(".form-group")?.querySelector(".invalid-feedback")?.remove();
  }
});

addEventListener("beforeunload", (event) => {
  const dirty = [...document.querySelectorAll("form[data-guard]")].some((form) => changed(form).length);
  if (dirty) event.preventDefault();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form[data-guard]");
  if (form && event.detail.successful) markSaved(form);
});

document.addEventListener("click", (event) => {
  const eye = event.target.closest?.("[data-reveal]");
  if (!eye) return;
  const input = document.getElementById(eye.dataset.reveal);
  const shown = input.type === "password";
  input.type = shown ? "text" : "password";
  eye.setAttribute("aria-pressed", String(shown));
  eye.setAttribute("aria-label", t(shown ? "password.hide" : "password.show"));
});

prepare(document);
document.querySelector('form [aria-invalid="true"]')?.focus();
document.addEventListener("htmx:load", (event) => {
  prepare(event.target);
  event.target.querySelector?.('form [aria-invalid="true"]')?.focus();
});
