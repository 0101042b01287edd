// A new card: a conversation of the inbox that is on no board yet, or on another one.
import { api, reportError } from "../api.js";
import { openDialog } from "../dialog.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { make } from "./nodes.js";
import { draw, focusCard } from "./columns.js";
import { board, pipelineId } from "./model.js";
import { put } from "./moves.js";

const form = document.querySelector("[data-add-form]");
const list = form.querySelector("[data-add-list]");
let timer = 0;
let asked = 0;

document.querySelector("[data-add-card]").addEventListener("click", () => {
  const chosen = form.elements.stage.value;
  form.elements.stage.replaceChildren(...board.columns.map(({ id, name }) => new Option(name, id)));
  if (chosen) form.elements.stage.value = chosen;
  openDialog(form.closest("dialog"));
  find();
});

form.elements.q.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(find, 250);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  delete form.dataset.sending;
  find();
});

async function find() {
  const turn = ++asked;
  const query = new URLSearchParams({ q: form.elements.q.value, status: form.elements.q.value.trim() ? "all" : "open", limit: 30 });
  try {
    const { items } = await api("GET", `/api/app/inbox/conversations?${query}`);
    if (turn !== asked) return;
    const free = items.filter((row) => row.pipeline_id !== pipelineId);
    list.replaceChildren(...free.map(rowOf));
    if (!free.length) list.append(make("li", "meta", t("pipeline.none_found")));
  } catch (error) {
    reportError(error, find);
  }
}

function rowOf(row) {
  const name = make("bdi", "truncate", row.contact.name);
  const text = make("bdi", "meta truncate", row.last_message.text || t("pipeline.no_message"));
  const button = make("button", "add-row", name, text);
  button.type = "button";
  if (row.pipeline_id) button.append(make("span", "meta", t("pipeline.elsewhere")));
  button.addEventListener("click", () => add(row, button));
  return make("li", "", button);
}

async function add(row, button) {
  button.disabled = true;
  try {
    const stage = Number(form.elements.stage.value);
    const card = await api("POST", `/api/app/conversations/${row.id}/pipeline`, { pipeline_id: pipelineId, stage_id: stage });
    put(card);
    board.columns.forEach(draw);
    form.closest("dialog").close();
    focusCard(card.id);
    toast(t("pipeline.added", { name: row.contact.name }), { kind: "success" });
  } catch (error) {
    button.disabled = false;
    reportError(error);
  }
}
