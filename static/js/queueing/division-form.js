// The dialogs of a division: its fields, its agents, and what becomes of those who wait.
import { api, ApiError, reportError } from "../api.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { addWord, startKeywords, wordsOf } from "./keywords.js";
import { fillDialog, reload } from "./division-table.js";

const place = document.querySelector("[data-division-dialog]");
const all = (selector, within) => [...within.querySelectorAll(selector)];

document.addEventListener("htmx:load", ({ target }) => {
  if (!place.contains(target)) return;
  startKeywords(place);
  countChosen();
  const dialog = place.querySelector("dialog");
  dialog?.addEventListener("close", () => place.replaceChildren(), { once: true });
});

function countChosen() {
  const count = all("[data-agent-choice] input:checked", place).length;
  for (const words of all("[data-chosen-count]", place)) words.textContent = `(${t("divisions.chosen", { count })})`;
}

place.addEventListener("change", (event) => event.target.name === "agent_ids" && countChosen());

place.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-agent-search]")) return;
  const wanted = target.value.trim().toLowerCase();
  for (const option of all(".agent-option", place)) option.hidden = !option.dataset.name.includes(wanted);
});

// --- save ----------------------------------------------------------------------------------------

function valuesOf(form) {
  const { elements } = form;
  const agents = all("input[name=agent_ids]:checked", form).map((box) => Number(box.value));
  if (form.dataset.only === "agent_ids") return { agent_ids: agents };
  addWord(form);
  return {
    name: elements.name.value.trim(),
    description: elements.description.value.trim() || null,
    keyword_triggers: wordsOf(form),
    avg_handling_time_minutes: Number(elements.avg_handling_time_minutes.value),
    show_wait_time: elements.show_wait_time.checked,
    auto_detect_keywords: elements.auto_detect_keywords.checked,
    is_active: elements.is_active.checked,
    agent_ids: agents,
  };
}

async function send(form, method, url, body, done) {
  const button = form.querySelector("[type=submit]");
  if (button.dataset.busy !== undefined) return;
  button.dataset.busy = "";
  try {
    await api(method, url, body);
    form.closest("dialog").close();
    if (done) toast(done, { kind: "success" });
    await reload();
  } catch (error) {
    await failed(form, error, () => send(form, method, url, body, done));
  }
  delete button.dataset.busy;
}

async function failed(form, error, retry) {
  if (!(error instanceof ApiError)) return reportError(error, retry);
  if (error.code === "people_waiting") return fillDialog(`${form.action.match(/\d+$/)[0]}/removal?action=${form.dataset.action ?? "off"}`);
  const { "keyword_triggers.0": _first, ...fields } = error.fields;
  const named = Object.fromEntries(Object.entries({ ...fields, ..._first && { keyword_triggers: _first } }).map(([name, words]) => [name.split(".")[0], words]));
  if (!showErrors(form, named)) reportError(error, retry);
}

// On the place, not on document: before forms.js takes the form for one that leaves the page
place.addEventListener("submit", (event) => {
  const form = event.target;
  event.preventDefault();
  const url = new URL(form.action).pathname;
  if (form.matches("[data-division-form]")) send(form, form.dataset.method, url, valuesOf(form));
  if (form.matches("[data-removal-form]")) remove(form, url);
});

function remove(form, url) {
  const { elements, dataset } = form;
  const body = {};
  if (Number(dataset.waiting)) body.move_to = elements.where.value === "move" ? Number(elements.move_to.value) : null;
  if (dataset.action === "off") return send(form, "PUT", url, { is_active: false, ...body });
  return send(form, "DELETE", url, body, t("divisions.deleted"));
}
