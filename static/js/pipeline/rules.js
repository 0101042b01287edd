// One rule of a stage as a form: when, only if, then. What is hidden does not count.
import { t } from "../i18n.js";
import { icon } from "../icon.js";
import { make } from "./nodes.js";

const MINUTES = { minutes: 1, hours: 60, days: 1440 };
const ACTIONS = ["assign_agent", "assign_division", "add_label", "remove_label", "send_message", "note", "notify", "set_value", "move", "resolve", "webhook"];
let serial = 0;

/** A labelled control. */
export function control(name, label, input, { help = "", wide = false } = {}) {
  input.classList.add("form-control");
  input.id = `r${++serial}`;
  input.name = name;
  const title = make("label", "", label);
  title.htmlFor = input.id;
  const group = make("div", `form-group${wide ? " is-wide" : ""}`, title, input);
  if (help) group.append(make("small", "form-text", help));
  return group;
}

/** A list to choose from: pairs of value and text. */
export function choice(pairs, value) {
  const made = make("select");
  for (const [key, text] of pairs) made.add(new Option(text, key, false, String(key) === String(value ?? "")));
  return made;
}

export function text(value = "", type = "text", more = {}) {
  return Object.assign(make(type === "area" ? "textarea" : "input"), type === "area" ? { rows: 2 } : { type }, { value: value ?? "" }, more);
}

export function checkbox(name, label, checked) {
  const box = Object.assign(make("input"), { type: "checkbox", name, checked });
  return make("label", "check", box, make("span", "", label));
}

const named = (rows, any = null) => [...(any === null ? [] : [["", any]]), ...rows.map(({ id, name }) => [id, name])];

/** The form of a rule; `read()` answers the rule that it says. */
export function ruleForm(rule, choices, { onRemove }) {
  const given = rule.with ?? {};
  const when = choice(["enter", "exit", "idle"].map((key) => [key, t(`edit.on.${key}`)]), rule.on);
  const unit = unitOf(rule.after_minutes);
  const after = control("after_minutes", t("edit.after"), text(rule.after_minutes ? rule.after_minutes / MINUTES[unit] : "", "number", { min: 0, step: "any" }));
  const units = control("unit", t("edit.unit"), choice(Object.keys(MINUTES).map((key) => [key, t(`edit.${key}`)]), unit));
  const since = control("since", t("edit.since"), choice(["move", "reply"].map((key) => [key, t(`edit.since.${key}`)]), rule.since));
  const action = choice(ACTIONS.map((key) => [key, t(`edit.do.${key}`)]), rule.do);
  const settings = make("div", "rule-grid");
  const remove = make("button", "btn btn-ghost btn-icon btn-sm", icon("trash", 16));
  remove.type = "button";
  remove.setAttribute("aria-label", t("edit.remove_rule"));
  remove.addEventListener("click", onRemove);
  const conditions = make("details", "rule-if", make("summary", "", t("edit.if")), conditionGrid(rule.if ?? {}, choices));
  conditions.open = Object.keys(rule.if ?? {}).length > 0;
  const head = make("div", "rule-head", checkbox("enabled", t("edit.enabled"), rule.enabled !== false), remove);
  const form = make("fieldset", "rule", head, make("div", "rule-grid", control("on", t("edit.on"), when), after, units, since), conditions, make("div", "rule-grid", control("do", t("edit.do"), action)), settings);
  form.dataset.rule = rule.id ?? "";
  const refresh = () => {
    after.hidden = units.hidden = when.value === "exit";
    since.hidden = when.value !== "idle";
  };
  when.addEventListener("change", refresh);
  action.addEventListener("change", () => settings.replaceChildren(...settingsOf(action.value, {}, choices)));
  settings.replaceChildren(...settingsOf(rule.do, given, choices));
  refresh();
  return form;
}

function unitOf(minutes) {
  if (!minutes) return "days";
  return minutes % 1440 === 0 ? "days" : minutes % 60 === 0 ? "hours" : "minutes";
}

function conditionGrid(given, choices) {
  const labels = choices.labels.map(({ name }) => [name, name]);
  return make(
    "div",
    "rule-grid",
    control("if.channel", t("edit.if.channel"), choice([["", t("edit.any")], ...choices.channels.map((key) => [key, t(`pipeline.channel.${key}`)])], [given.channel].flat()[0])),
    control("if.label", t("edit.if.label"), choice([["", t("edit.any")], ...labels], given.label)),
    control("if.without_label", t("edit.if.without_label"), choice([["", "–"], ...labels], given.without_label)),
    control("if.assignee", t("edit.if.assignee"), choice([["", t("edit.any")], ["none", t("edit.assigned.none")], ["any", t("edit.assigned.any")]], given.assignee)),
    control("if.min_value", t("edit.if.min_value"), text(given.min_value ?? "", "number", { min: 0, step: "any" })),
    control("if.from", t("edit.if.from"), text(given.hours?.from ?? "", "time")),
    control("if.to", t("edit.if.to"), text(given.hours?.to ?? "", "time")),
  );
}

function settingsOf(action, given, choices) {
  const wide = { wide: true };
  const message = () => control("with.text", t("edit.text"), text(given.text, "area", { maxLength: 4096 }), { ...wide, help: action === "send_message" ? t("edit.text_help", { name: "{name}" }) : "" });
  switch (action) {
    case "assign_agent":
      return [
        control("with.agent_id", t("edit.agent"), choice([["turns", t("edit.round_robin")], ...named(choices.agents)], given.round_robin ? "turns" : given.agent_id)),
        control("with.division_id", t("edit.of_division"), choice(named(choices.divisions, t("edit.any")), given.division_id)),
      ];
    case "assign_division":
      return [control("with.division_id", t("edit.division"), choice(named(choices.divisions), given.division_id))];
    case "add_label":
    case "remove_label":
      return [control("with.label", t("edit.label"), choice(named(choices.labels), given.label_id))];
    case "send_message":
      return [message(), ...templateSettings(given.template, choices.templates)];
    case "note":
      return [message()];
    case "notify":
      return [control("with.agent_id", t("edit.to_agent"), choice(named(choices.agents, t("edit.card_agent")), given.agent_id)), message()];
    case "set_value":
      return [control("with.value", t("edit.value"), text(given.value ?? "", "number", { min: 0, step: "any" }))];
    case "move":
      return [control("with.stage_id", t("edit.stage"), choice(named(choices.stages), given.stage_id))];
    case "webhook":
      return [control("with.url", t("edit.url"), text(given.url, "url"), wide), control("with.secret", t("edit.secret"), text("", "text", { autocomplete: "off", maxLength: 200 }), { help: given.has_secret ? t("edit.secret_kept") : t("edit.secret_made") })];
    default:
      return [];
  }
}

/** Which template goes out after the window, and a field for each of its variables. */
function templateSettings(given, templates) {
  const key = ({ name, language }) => `${name}|${language}`;
  const pairs = templates.map((one) => [key(one), `${one.name} (${one.language})`]);
  if (given && !templates.some((one) => key(one) === key(given))) pairs.push([key(given), t("edit.template_gone", { template: given.name })]);
  const list = choice([["", t("edit.no_template")], ...pairs], given ? key(given) : "");
  const variables = make("div", "rule-grid is-wide");
  const refresh = () => {
    const chosen = templates.find((one) => key(one) === list.value);
    const kept = given && key(given) === list.value ? given.variables ?? {} : null;
    const fields = chosen?.fields ?? Object.keys(kept ?? {}).map((name) => ({ key: name, example: "" }));
    const rows = fields.map((field, place) => control(`with.variables.${field.key}`, t("edit.variable", { key: field.key }), text(kept?.[field.key] ?? (kept === null && place === 0 ? "{name}" : ""), "text", { maxLength: 1000, placeholder: field.example })));
    variables.replaceChildren(...(chosen?.body ? [make("p", "meta is-wide", chosen.body)] : []), ...rows);
  };
  list.addEventListener("change", refresh);
  refresh();
  return [control("with.template", t("edit.template"), list, { wide: true, help: t("edit.template_help", { name: "{name}" }) }), variables];
}

function templateOf(form) {
  const [name, language] = form.querySelector('[name="with.template"]').value.split("|");
  const fields = [...form.querySelectorAll('[name^="with.variables."]')];
  return name ? { name, language, variables: Object.fromEntries(fields.map((field) => [field.name.slice("with.variables.".length), field.value])) } : null;
}

/** The rule that a form says. */
export function readRule(form) {
  const field = (name) => form.querySelector(`[name="${name}"]`);
  const value = (name) => field(name)?.value.trim() ?? "";
  const number = (name) => (value(name) === "" ? null : Number(value(name)));
  const rule = { id: form.dataset.rule || null, on: value("on"), do: value("do"), enabled: field("enabled").checked, if: conditions(value, number), with: withOf(value("do"), value, number, form) };
  if (rule.on !== "exit" && number("after_minutes") !== null) rule.after_minutes = Math.round(number("after_minutes") * MINUTES[value("unit")]);
  if (rule.on === "idle") rule.since = value("since");
  return rule;
}

function conditions(value, number) {
  const found = {};
  for (const name of ["channel", "label", "without_label", "assignee"]) if (value(`if.${name}`)) found[name] = value(`if.${name}`);
  if (number("if.min_value") !== null) found.min_value = number("if.min_value");
  if (value("if.from") && value("if.to")) found.hours = { from: value("if.from"), to: value("if.to") };
  return found;
}

function withOf(action, value, number, form) {
  switch (action) {
    case "assign_agent":
      return value("with.agent_id") === "turns" ? { round_robin: true, division_id: number("with.division_id") } : { agent_id: number("with.agent_id") };
    case "assign_division":
      return { division_id: number("with.division_id") };
    case "add_label":
    case "remove_label":
      return { label_id: number("with.label") };
    case "send_message":
      return { text: value("with.text"), template: templateOf(form) };
    case "note":
      return { text: value("with.text") };
    case "notify":
      return { text: value("with.text"), agent_id: number("with.agent_id") };
    case "set_value":
      return { value: number("with.value") };
    case "move":
      return { stage_id: number("with.stage_id") };
    case "webhook":
      return { url: value("with.url"), ...(value("with.secret") ? { secret: value("with.secret") } : {}) };
    default:
      return {};
  }
}
