// The dialogs of a division: its fields, its agents, and what becomes of those who wait.
import { api, ApiError, reportError } from "../api.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { addWord, startKeywords, wordsOf } from "./keywords.js";
import { reload } from "./division-table.js";

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

place.addEventListener("change", ({ target }) => {
  if (target.name === "agent_ids") countChosen();
  const closing = place.querySelector("[data-closing]");
  if (target.name === "is_active" && closing) closing.hidden = target.checked;
});

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
    ...(!elements.is_active.checked && moveTo(form)),
  };
}

/** Where those go who wait: to a division, or nowhere yet. */
function moveTo({ elements, dataset }) {
  if (!Number(dataset.waiting)) return {};
  return { move_to: elements.where.value === "move" ? Number(elements.move_to.value) : null };
}

async function send(form, method, url, body, done) {
  const button = form.querySelector("[type=submit]");
  if (button.dataset.busy !== undefined) return;
  button.dataset.busy = "";
  try {
    const answer = await api(method, url, body);
    form.closest("dialog").close();
    // A long queue is seen to first: the table says how far that is
    if (done) toast(answer?.closing ? t("divisions.closing", { name: answer.name }) : done, { kind: "success" });
    await reload();
  } catch (error) {
    failed(form, error, () => send(form, method, url, body, done));
  }
  delete button.dataset.busy;
}

function failed(form, error, retry) {
  if (!(error instanceof ApiError)) return void reportError(error, retry);
  // "keyword_triggers.3" belongs to its field as a whole; members are the agents of this form
  const named = Object.entries(error.fields).map(([name, words]) => [name.split(".")[0].replace(/^members$/, "agent_ids"), words]);
  if (!showErrors(form, Object.fromEntries(named))) reportError(error, retry);
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
  if (form.dataset.action === "off") return send(form, "PUT", url, { is_active: false, ...moveTo(form) });
  return send(form, "DELETE", url, moveTo(form), t("divisions.deleted"));
}
