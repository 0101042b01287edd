// The builder: a form that shows itself as a phone would, checked by the server's rules while somebody types.
import { api, ApiError, reportError } from "../api.js";
import { addButton, all, bodyOf, fillForm, one, showSamples, variables } from "./parts.js";
import { draw } from "./preview.js";

const form = one("[data-template-form]", document);
const phone = one("[data-phone]", document);
const touched = new Set();
let checking = null;
let timer = 0;
let sent = false;
let dirty = false;

const FIELDS = { header_kind: "header" };
const CHECK_AFTER = 300;
const SAMPLES = { IMAGE: "image/jpeg,image/png", VIDEO: "video/mp4", DOCUMENT: "application/pdf" };

/** Say what is wrong beside each field that was touched; all of them once it was sent. */
function showProblems(fields) {
  for (const place of all("[data-problem]", form)) {
    const box = place.closest("[data-button]");
    const name = box ? `buttons.${all("[data-button]", form).indexOf(box)}.${place.dataset.problem}` : place.dataset.problem;
    const seen = sent || [...touched].some((word) => name === word || name.startsWith(`${word}.`) || (box && word === "buttons"));
    const words = seen && name ? fields[name] : null;
    place.hidden = !words;
    one("span", place).textContent = words ? [].concat(words).join(" ") : "";
  }
}

async function check() {
  checking?.abort();
  checking = new AbortController();
  try {
    const answer = await api("POST", "/api/app/meta-templates/check", bodyOf(form), { signal: checking.signal });
    showProblems({});
    one("[data-warning]", form).hidden = !answer.warnings.length;
  } catch (error) {
    if (error.name === "AbortError") return;
    // Without a connection there is nothing to say yet: sending will
    if (error instanceof ApiError && error.status === 422) showProblems(error.fields);
  }
}

function refresh() {
  const kind = form.elements.header_kind.value;
  one('[data-header="TEXT"]', form).hidden = kind !== "TEXT";
  one('[data-header="FILE"]', form).hidden = !SAMPLES[kind];
  if (form.dataset.kind !== kind) forgetSample(kind);
  showSamples(form, "header", kind === "TEXT" ? form.elements.header.value : "");
  showSamples(form, "body", form.elements.body.value);
  for (const count of all("[data-count]", form)) {
    const input = one("input, textarea", count.previousElementSibling);
    count.textContent = `${input.value.length}/${count.dataset.count}`;
  }
  for (const box of all('[data-button="URL"]', form)) {
    one("[data-example]", box).hidden = !variables(one('[data-key="url"]', box).value).length;
  }
  draw(phone, bodyOf(form).components, form);
}

/** A sample of another kind does not fit; the next one is asked for. */
function forgetSample(kind) {
  const input = one("[data-file]", form);
  form.dataset.kind = kind;
  delete form.dataset.handle;
  input.value = "";
  input.accept = SAMPLES[kind] ?? "";
  one("[data-file-state]", form).textContent = one("[data-file-state]", form).dataset.usualText;
}

function changed() {
  dirty = true;
  refresh();
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_AFTER);
}

function touch(target) {
  if (target.closest("[data-button]")) return touched.add("buttons");
  if (target.dataset.variable) return touched.add(`${target.closest("[data-samples]").dataset.samples}.example.${target.dataset.variable}`);
  return touched.add(FIELDS[target.name] ?? target.name);
}

function addVariable() {
  const text = form.elements.body;
  const names = variables(text.value);
  const numbers = names.map(Number).filter(Number.isInteger);
  text.setRangeText(`{{${Math.max(0, ...numbers) + 1}}}`, text.selectionStart, text.selectionEnd, "end");
  text.focus();
  touch(text);
  changed();
}

function onClick(event) {
  const button = event.target.closest("button");
  if (!button) return;
  const box = button.closest("[data-button]");
  if (button.dataset.variable !== undefined) addVariable();
  else if (button.dataset.add) one("input", addButton(form, button.dataset.add)).focus();
  else if (button.dataset.remove !== undefined) box.remove();
  else if (button.dataset.up !== undefined) box.previousElementSibling?.before(box), button.focus();
  else return;
  touched.add("buttons");
  changed();
}

async function upload(input) {
  const [file] = input.files;
  if (!file) return;
  const state = one("[data-file-state]", form);
  const body = new FormData();
  body.append("file", file);
  body.append("device_id", form.elements.device_id.value);
  body.append("format", form.elements.header_kind.value);
  state.textContent = state.dataset.busyText;
  delete form.dataset.handle;
  try {
    form.dataset.handle = (await api("POST", "/api/app/meta-templates/samples", body)).handle;
    state.textContent = state.dataset.doneText;
  } catch (error) {
    state.textContent = state.dataset.usualText;
    input.value = "";
    reportError(error);
  }
  changed();
}

async function submit(event) {
  event.preventDefault();
  const button = one('[type="submit"]', form);
  const { id, done } = form.dataset;
  sent = true;
  button.disabled = true;
  one("[data-refusal]", form).hidden = true;
  try {
    const given = bodyOf(form);
    const saved = id ? await api("PUT", `/api/app/meta-templates/${id}`, given) : await api("POST", "/api/app/meta-templates", given);
    dirty = false;
    location.assign(`${done}/${saved.id}`);
  } catch (error) {
    button.disabled = false;
    refused(error);
  }
}

function refused(error) {
  if (!(error instanceof ApiError) || ![409, 422].includes(error.status)) return reportError(error);
  showProblems(error.fields);
  one("[data-refusal-text]", form).textContent = error.message;
  one("[data-refusal]", form).hidden = false;
  (one("[data-problem]:not([hidden])", form) ?? one("[data-refusal]", form)).scrollIntoView({ block: "center" });
}

if (form) {
  const given = JSON.parse(form.dataset.given);
  fillForm(form, given.components ?? []);
  refresh();
  form.addEventListener("input", (event) => { touch(event.target); changed(); });
  form.addEventListener("change", (event) => event.target.matches("[data-file]") && upload(event.target));
  form.addEventListener("click", onClick);
  form.addEventListener("submit", submit);
  addEventListener("beforeunload", (event) => dirty && event.preventDefault());
}
