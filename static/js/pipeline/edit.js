// The editor: the pipeline's own fields, its stages by drag and by keyboard, their rules.
import { api, reportError } from "../api.js";
import { confirmDialog, makeDialog, openDialog } from "../dialog.js";
import { clearErrors, markSaved, showErrors } from "../forms.js";
import { addTexts, t } from "../i18n.js";
import { icon } from "../icon.js";
import { toast } from "../toast.js";
import Sortable from "../../vendor/sortable.esm.js";
import { make } from "./nodes.js";
import { checkbox, choice, control, readRule, ruleForm, text } from "./rules.js";

for (const id of ["pipeline-texts", "edit-texts"]) addTexts(JSON.parse(document.getElementById(id).textContent));
const { stages, choices, icons } = JSON.parse(document.getElementById("edit-data").textContent);
const root = document.querySelector("[data-edit]");
const base = `/api/app/pipelines/${root.dataset.edit}`;
const list = root.querySelector("[data-stages]");
const announcer = root.querySelector("[data-announce]");

// --- the pipeline itself ------------------------------------------------------------------------

const about = root.querySelector("[data-about]");
about.addEventListener("submit", (event) => {
  event.preventDefault();
  saveAbout(about.dataset.version);
});

async function saveAbout(version) {
  const { name, icon: mark, color, currency, description, is_default: isDefault, is_active: isActive, takes_new: takesNew, hide_resolved: hide } = about.elements;
  try {
    const saved = await api("PUT", base, { version, name: name.value, icon: mark.value, color: color.value, currency: currency.value, description: description.value, is_default: isDefault.checked, is_active: isActive.checked, takes_new: takesNew.checked, hide_resolved: hide.checked });
    about.dataset.version = saved.version;
    clearErrors(about);
    markSaved(about);
    toast(t("edit.saved_about"), { kind: "success" });
  } catch (error) {
    if (error.code === "changed_meanwhile") await overwrite(about, error, saveAbout);
    else if (!showErrors(about, error.fields ?? {})) reportError(error);
  } finally {
    release(about);
  }
}

/** Somebody else was quicker: who, and in what. Ours stays as it was typed, and is saved only if wanted. */
async function overwrite(form, error, save) {
  const { version, current, changed_by: name } = error.body.error;
  const fields = Object.keys(current).map((field) => form.elements[field]?.labels?.[0]?.textContent.trim() ?? t("edit.rules"));
  const question = t("edit.changed", { name: name ?? t("edit.somebody"), fields: fields.join(", ") });
  if (await confirmDialog(question, { label: t("edit.keep_mine") })) await save(version);
}

function release(form) {
  delete form.dataset.sending;
  form.querySelectorAll("[data-busy]").forEach((button) => delete button.dataset.busy);
}

document.querySelector("[data-delete-pipeline]").addEventListener("click", async () => {
  const name = about.elements.name.value;
  if (!(await confirmDialog(t("pipeline.delete", { name }), { label: t("pipeline.delete_label"), danger: true }))) return;
  try {
    await api("DELETE", base);
  } catch (error) {
    if (error.code !== "pipeline_has_cards") return reportError(error);
    const question = t("pipeline.delete_cards", { count: error.body.error.cards, name });
    if (!(await confirmDialog(question, { label: t("pipeline.delete_anyway"), danger: true }))) return;
    await api("DELETE", `${base}?force=true`);
  }
  location.assign("/app/pipelines");
});

/** The icons to choose from; one that a program set is among them as it is called. */
const offered = (present) => (!present || icons.some(([name]) => name === present) ? icons : [...icons, [present, present]]);

// --- stages -------------------------------------------------------------------------------------

function stageItem(stage) {
  const form = make("form", "form stage-form");
  form.noValidate = true;
  const kinds = ["open", "won", "lost"].map((kind) => [kind, t(`edit.kind.${kind}`)]);
  const grid = make(
    "div",
    "rule-grid",
    control("name", t("edit.name"), text(stage.name, "text", { maxLength: 255, required: true })),
    control("kind", t("edit.kind"), choice(kinds, stage.kind)),
    control("color", t("edit.color"), text(stage.color || "#64748b", "color")),
    control("icon", t("edit.icon"), choice(offered(stage.icon), stage.icon || "circle-dot")),
    control("probability", t("edit.probability"), text(stage.probability ?? "", "number", { min: 0, max: 100 })),
    control("stuck_after_hours", t("edit.stuck"), text(stage.stuck_after_hours ?? "", "number", { min: 1, placeholder: "168" })),
    control("wip_limit", t("edit.limit"), text(stage.wip_limit ?? "", "number", { min: 1 })),
    checkbox("wip_hard", t("edit.hard"), stage.wip_hard),
    control("description", t("edit.description"), text(stage.description, "text", { maxLength: 1000 }), { wide: true }),
  );
  const rules = make("div", "stage-rules");
  const addRule = (rule) => {
    rules.querySelector(".meta")?.remove();
    const made = ruleForm(rule, choices, { onRemove: () => made.remove() });
    rules.append(made);
    return made;
  };
  stage.automation_actions.forEach(addRule);
  if (!stage.automation_actions.length) rules.append(make("p", "meta", t("edit.no_rules")));
  const more = press("btn btn-sm", "plus", t("edit.add_rule"), () => addRule({ on: "enter", do: "add_label" }).querySelector("select").focus());
  const tryIt = press("btn btn-ghost btn-sm", "test-pipe", t("edit.try"), () => openTry(stage.id));
  const save = make("button", "btn btn-primary", make("span", "", t("edit.save")));
  save.type = "submit";
  form.append(grid, make("h3", "", t("edit.rules")), rules, make("div", "cluster", more, tryIt), make("div", "cluster", save));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    saveStage(form, stage, item, stage.version);
  });
  const details = make("details", "stage-more", make("summary", "", t("edit.more")), form);
  const item = make("li", "card stage-item", head(stage), details);
  item.dataset.stage = stage.id;
  item.dataset.kind = stage.kind;
  return item;
}

function press(className, iconName, label, run, { iconOnly = false } = {}) {
  const button = make("button", className, icon(iconName, iconOnly ? 16 : 20));
  button.type = "button";
  if (iconOnly) button.setAttribute("aria-label", label);
  else button.append(make("span", "", label));
  button.addEventListener("click", run);
  return button;
}

function head(stage) {
  const small = "btn btn-ghost btn-icon btn-sm";
  const { name } = stage;
  const handle = make("span", "stage-handle", icon("grip-vertical"));
  handle.title = t("edit.handle", { name });
  const mark = icon(stage.icon || "circle-dot");
  if (stage.color) mark.style.color = stage.color;
  const count = stage.automation_actions.length;
  const rules = count ? make("span", "badge", icon("bolt", 16), t("edit.rules_count", { count })) : null;
  const kind = stage.kind === "open" ? null : make("span", `badge badge-${stage.kind === "won" ? "green" : "red"}`, t(`edit.kind.${stage.kind}`));
  return make(
    "div",
    "stage-head",
    handle,
    mark,
    make("strong", "truncate grow", name),
    rules,
    kind,
    press(small, "arrow-up", t("edit.up", { name }), (event) => shift(event, stage.id, -1), { iconOnly: true }),
    press(small, "arrow-down", t("edit.down", { name }), (event) => shift(event, stage.id, 1), { iconOnly: true }),
    press(small, "trash", t("edit.delete", { name }), () => askRemoval(stage), { iconOnly: true }),
  );
}

function draw() {
  const open = new Set([...list.querySelectorAll("details[open].stage-more")].map((item) => item.closest("li").dataset.stage));
  list.replaceChildren(...stages.map(stageItem));
  for (const item of list.children) if (open.has(item.dataset.stage)) item.querySelector(".stage-more").open = true;
}

async function saveStage(form, stage, item, version) {
  const value = (name) => form.elements[name].value.trim();
  const number = (name) => (value(name) === "" ? null : Number(value(name)));
  const body = {
    version,
    name: value("name"), kind: form.elements.kind.value, color: value("color"), icon: form.elements.icon.value, description: value("description"),
    probability: number("probability"), stuck_after_hours: number("stuck_after_hours"), wip_limit: number("wip_limit"), wip_hard: form.elements.wip_hard.checked,
    automation_actions: [...form.querySelectorAll(".rule")].map(readRule),
  };
  try {
    const saved = await api("PUT", `/api/app/pipelines/stages/${stage.id}`, body);
    await reload();
    toast(t("edit.saved", { name: saved.name }), { kind: "success" });
    saved.automation_actions.filter((rule) => rule.with.secret).forEach((rule) => showSecret(rule.with.secret));
  } catch (error) {
    release(form);
    if (error.code === "changed_meanwhile") return overwrite(form, error, (latest) => saveStage(form, stage, item, latest));
    if (!showStageErrors(form, error.fields ?? {})) reportError(error);
  }
  item.querySelector(".stage-more").open = true;
}

/** Errors of rules stand beside the rule's own fields. */
function showStageErrors(form, fields) {
  const rules = [...form.querySelectorAll(".rule")];
  const own = {};
  let found = false;
  for (const [name, sentences] of Object.entries(fields)) {
    const [, place, field] = name.match(/^automation_actions\.(\d+)\.(.+)$/) ?? [];
    if (place === undefined) own[name] = sentences;
    else {
      const known = rules[place]?.querySelector(`[name="${CSS.escape(field)}"]`) ? field : "do";
      if (rules[place]) found = showErrors(rules[place], { [known]: sentences }) || found;
    }
  }
  return showErrors(form.querySelector(".rule-grid"), own) || found;
}

function showSecret(secret) {
  const field = Object.assign(make("input", "form-control"), { value: secret, readOnly: true });
  field.setAttribute("aria-label", t("edit.secret"));
  makeDialog(t("edit.secret_title"), [make("p", "", t("edit.secret_shown")), field], { size: "sm" }).showModal();
  field.select();
}

async function reload() {
  const answer = await api("GET", base);
  stages.splice(0, stages.length, ...answer.stages);
  draw();
}

root.querySelector("[data-add-stage]").addEventListener("click", async () => {
  try {
    const made = await api("POST", `${base}/stages`, { name: t("edit.new_stage") });
    await reload();
    const item = list.querySelector(`[data-stage="${made.id}"]`);
    item.querySelector(".stage-more").open = true;
    item.querySelector("[name=name]").select();
  } catch (error) {
    reportError(error);
  }
});

// --- order --------------------------------------------------------------------------------------

async function setOrder(ids) {
  const before = stages.map((stage) => stage.id);
  stages.sort((a, b) => ids.indexOf(a.id) - ids.indexOf(b.id));
  draw();
  try {
    await api("PUT", `${base}/stages/reorder`, { ids });
    return true;
  } catch (error) {
    stages.sort((a, b) => before.indexOf(a.id) - before.indexOf(b.id));
    draw();
    reportError(error);
    return false;
  }
}

async function shift(event, id, by) {
  const ids = stages.map((stage) => stage.id);
  const at = ids.indexOf(id);
  const other = stages[at + by];
  const stage = stages[at];
  if (!other) return;
  if ((other.kind === "open") !== (stage.kind === "open")) return void (announcer.textContent = t("edit.closed_last"));
  ids.splice(at, 1);
  ids.splice(at + by, 0, id);
  const index = [...event.currentTarget.parentElement.children].indexOf(event.currentTarget);
  const saved = setOrder(ids);
  list.querySelector(`[data-stage="${id}"] .stage-head`).children[index].focus();
  if (await saved) announcer.textContent = t("edit.order", { name: stage.name, place: at + by + 1 });
}

Sortable.create(list, {
  handle: ".stage-handle",
  animation: 120,
  onMove: ({ dragged, related }) => (dragged.dataset.kind === "open") === (related.dataset.kind === "open"),
  onEnd: ({ oldIndex, newIndex }) => oldIndex !== newIndex && setOrder([...list.children].map((item) => Number(item.dataset.stage))),
});

// --- taking away, trying out --------------------------------------------------------------------

const removal = document.querySelector("[data-remove-form]");
let leaving = null;

function askRemoval(stage) {
  leaving = stage;
  document.querySelector("[data-remove-text]").textContent = t("edit.delete_text", { name: stage.name });
  const others = stages.filter((other) => other !== stage);
  removal.elements.move_to_stage_id.replaceChildren(...others.map(({ id, name }) => new Option(name, id)));
  openDialog(removal.closest("dialog"));
}

removal.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await api("DELETE", `/api/app/pipelines/stages/${leaving.id}?move_to_stage_id=${removal.elements.move_to_stage_id.value}`);
    removal.closest("dialog").close();
    await reload();
  } catch (error) {
    if (!showErrors(removal, error.fields ?? {})) reportError(error);
  } finally {
    release(removal);
  }
});

const trial = document.getElementById("try-rules");
let tried = null;

async function openTry(stageId) {
  tried = stageId;
  trial.querySelector("[data-try-list]").replaceChildren();
  openDialog(trial);
  const { stages: columns } = await api("GET", `${base}/board?stage_id=${stageId}&limit=1`).catch(() => ({ stages: [] }));
  const first = columns[0]?.cards[0];
  if (first) trial.querySelector("input").value = first.id;
}

trial.querySelector("[data-try-run]").addEventListener("click", async () => {
  try {
    const answer = await api("POST", `/api/app/pipelines/stages/${tried}/automation/test`, { conversation_id: Number(trial.querySelector("input").value) });
    const lines = answer.items.map(({ rule, would_run: runs, reason }) => make("li", "", make("strong", "", t(`edit.do.${rule.do}`)), `: ${runs ? t("edit.would") : t("edit.would_not", { reason: t(`edit.reason.${reason}`) })}`));
    trial.querySelector("[data-try-list]").replaceChildren(...(lines.length ? lines : [make("li", "meta", t("edit.no_rules"))]));
  } catch (error) {
    reportError(error);
  }
});

draw();
