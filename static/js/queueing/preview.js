// The small chat beside the settings: what was said is said again to the real code whenever a setting changes.
import { api, ApiError } from "../api.js";
import { t } from "../i18n.js";
import { valuesOf } from "./settings-form.js";

const box = document.querySelector("[data-preview]");
const form = document.querySelector("[data-queue-form]");
const thread = box.querySelector("[data-preview-thread]");
const problem = box.querySelector("[data-preview-problem]");
const MOST_STEPS = 20;
const greeting = () => ({ text: t("queue.preview.hello") });
let said = [greeting()];
let running = null;

/** Play the conversation anew with the settings as they are in the form. */
export async function replay() {
  running?.abort();
  const mine = (running = new AbortController());
  const body = { steps: said, settings: settings(), situation: situation() };
  try {
    const answer = await api("POST", "/api/app/queue/preview", body, { signal: mine.signal });
    if (mine === running) show(answer);
  } catch (error) {
    if (error.name !== "AbortError") showProblem(error);
  }
}

const settings = () => ({ ...valuesOf(form), is_enabled: true });
const situation = () => box.querySelector('[data-situation][aria-pressed="true"]').dataset.situation;

function show({ turns, state }) {
  problem.hidden = true;
  thread.replaceChildren(...turns.flatMap(({ text, messages }, at) => [bubble("out", text), ...messages.map((message) => answerOf(message, at === turns.length - 1))]));
  box.querySelector("[data-preview-state]").textContent = t(`queue.preview.${state}`);
  const scroller = box.querySelector("[data-preview-scroll]");
  scroller.scrollTop = scroller.scrollHeight;
}

function showProblem(error) {
  const fields = error instanceof ApiError ? Object.values(error.fields).flat() : [];
  problem.querySelector("span").textContent = fields[0] ?? error.message;
  problem.hidden = false;
}

function answerOf({ text, payload }, isLast) {
  const item = bubble("in", text);
  const choices = payload?.buttons ?? payload?.list?.rows ?? [];
  if (choices.length) {
    const row = document.createElement("div");
    row.className = "preview-choices";
    for (const { id, title } of choices) row.append(choice(id, title, isLast));
    item.append(row);
  }
  return item;
}

function choice(id, title, isLast) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm";
  button.textContent = title;
  button.disabled = !isLast;
  button.addEventListener("click", () => say({ text: title, button_id: id }));
  return button;
}

function bubble(side, text) {
  const item = document.createElement("li");
  item.className = `preview-bubble preview-${side}`;
  const words = document.createElement("p");
  words.dir = "auto";
  words.textContent = text;
  item.append(words);
  return item;
}

function say(step) {
  said = said.length < MOST_STEPS ? [...said, step] : [greeting(), step];
  replay();
}

function restart() {
  said = [greeting()];
  replay();
}

// On the form, not on document: before forms.js takes it for one that leaves the page
box.querySelector("[data-preview-form]").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = event.target.elements.text;
  if (!field.value.trim()) return;
  say({ text: field.value.trim() });
  field.value = "";
});

box.addEventListener("click", ({ target }) => {
  const chosen = target.closest("[data-situation]");
  if (target.closest("[data-preview-restart]")) restart();
  if (!chosen) return;
  for (const button of box.querySelectorAll("[data-situation]")) button.setAttribute("aria-pressed", String(button === chosen));
  replay();
});
