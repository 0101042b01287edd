// Making a broadcast: what the device can send, what is filled in, who gets it.
import { api, ApiError, reportError } from "../api.js";
import { showErrors } from "../forms.js";
import { addTexts, t } from "../i18n.js";

addTexts(JSON.parse(document.getElementById("broadcast-texts").textContent));

const form = document.querySelector("[data-broadcast-form]");
const one = (selector, box = form) => box.querySelector(selector);
const all = (selector, box = form) => [...box.querySelectorAll(selector)];
const given = JSON.parse(document.getElementById("broadcast-given").textContent);
const VARIABLE = /\{\{\s*([^{}]+?)\s*\}\}|\{([A-Za-z0-9_]+)\}/g;
const BUILT_IN = ["name", "phone", "email"];
let templates = [];
let file = null;

// --- the template ---------------------------------------------------------------------------------

async function fetchTemplates() {
  const device = form.elements.device_id;
  const choice = form.elements.template_id;
  const rate = device.selectedOptions[0]?.dataset.rate;
  one("[data-rate-words]").textContent = device.value ? t("broadcast.rate", { rate }) : "";
  choice.replaceChildren(new Option(t("broadcast.choose"), ""));
  choice.disabled = true;
  templates = [];
  if (device.value) {
    let cursor = null;
    try {
      do {
        const more = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
        const answer = await api("GET", `/api/app/broadcasts/templates?limit=100&device_id=${device.value}${more}`);
        templates.push(...answer.items);
        cursor = answer.next_cursor;
      } while (cursor);
    } catch (error) {
      reportError(error, fetchTemplates);
    }
    for (const item of templates) choice.add(new Option(item.language ? `${item.name} (${item.language})` : item.name, item.id));
    choice.disabled = !templates.length;
    if (given.template_id && Number(device.value) === given.device_id) choice.value = given.template_id;
  }
  one("[data-no-template]").hidden = !device.value || templates.length > 0;
  showFields();
}

const chosen = () => templates.find((item) => item.id === Number(form.elements.template_id.value));
const textOf = (item) => item?.body ?? "";

function showFields() {
  const box = one("[data-fields]");
  const item = chosen();
  box.replaceChildren();
  for (const field of item?.fields ?? []) box.append(fieldRow(field));
  one("[data-fields-part]").hidden = !item;
  one("[data-no-fields]").hidden = !item || item.fields.length > 0;
  showPreview();
}

/** A row: where the value of one variable comes from. */
function fieldRow(field) {
  const row = document.getElementById("field-row").content.cloneNode(true).firstElementChild;
  const known = given.variables?.[field.key] ?? {};
  one("[data-key]", row).textContent = field.kind === "text" && /^\w+$/.test(field.key) ? `{{${field.key}}}` : t(`broadcast.part.${field.kind}`, { key: field.key });
  row.dataset.row = field.key;
  const source = one("select", row);
  const text = one("[data-text] input", row);
  const fallback = one("[data-default] input", row);
  source.id = `source-${field.key}`;
  one("label", row).htmlFor = source.id;
  text.name = `variables.${field.key}`;
  fallback.setAttribute("aria-label", t("broadcast.fallback"));
  for (const column of file?.columns ?? []) source.add(new Option(column, `field:${column}`), 3);
  if (known.field) {
    const value = `field:${known.field}`;
    const listed = [...source.options].some((option) => option.value === value);
    source.value = listed ? value : "custom";
    if (!listed) text.value = known.field;
  } else if (known.text || !BUILT_IN.includes(source.value.slice(6)) || field.kind !== "text") {
    source.value = "text";
  }
  if (known.text) text.value = known.text;
  if (known.default) fallback.value = known.default;
  if (!text.value && field.kind === "text" && field.example && source.value === "text") text.placeholder = field.example;
  showSource(row);
  return row;
}

function showSource(row) {
  const value = one("select", row).value;
  one("[data-text]", row).hidden = value.startsWith("field:");
  one("[data-default]", row).hidden = value === "text";
  one("[data-text] span", row).textContent = value === "custom" ? t("broadcast.field_name") : t("broadcast.text");
}

function mapping() {
  return Object.fromEntries(all("[data-row]").map((row) => {
    const source = one("select", row).value;
    const text = one("[data-text] input", row).value.trim();
    if (source === "text") return [row.dataset.row, { text }];
    const made = { field: source === "custom" ? text : source.slice(6) };
    const fallback = one("[data-default] input", row).value.trim();
    return [row.dataset.row, fallback ? { ...made, default: fallback } : made];
  }));
}

function showPreview() {
  const values = mapping();
  const sample = (key) => {
    const source = values[key];
    if (!source) return null;
    if (source.text) return source.text;
    const row = file?.rows[0];
    const from = row && (source.field === "name" ? row.name : source.field === "phone" ? row.phone : row.fields[source.field]);
    return from || source.default || (source.field ? `[${source.field}]` : null);
  };
  const item = chosen();
  one("[data-bubble]").textContent = item ? textOf(item).replace(VARIABLE, (whole, a, b) => sample(a ?? b) ?? whole) : t("broadcast.no_preview");
}

// --- who ------------------------------------------------------------------------------------------

async function readFile(input) {
  file = null;
  const box = one("[data-file-found]");
  box.hidden = true;
  if (!input.files.length) return;
  const body = new FormData();
  body.append("file", input.files[0]);
  try {
    file = await api("POST", "/api/app/broadcasts/recipients-file", body);
  } catch (error) {
    input.value = "";
    if (!(error instanceof ApiError && error.status === 422 && showErrors(form, error.fields))) reportError(error);
    return;
  }
  showFile(box);
  const kept = mapping();
  given.variables = { ...given.variables, ...kept };
  showFields();
}

function showFile(box) {
  one("[data-file-counts]", box).textContent = t("broadcast.file_counts", file);
  one("tbody", box).replaceChildren(...file.rows.map((row) => tableRow([row.line, row.phone, row.name, Object.values(row.fields).join(", ")])));
  one("[data-file-rows]", box).hidden = !file.rows.length;
  const errors = one("[data-file-errors]", box);
  errors.hidden = !file.errors.length;
  one("summary", errors).textContent = t("broadcast.file_errors", { count: file.duplicates + file.bad });
  one("ul", errors).replaceChildren(...file.errors.map((item) => {
    const line = document.createElement("li");
    line.textContent = t("broadcast.file_error", { line: item.line, message: item.message, value: item.value ? `“${item.value}”` : "" });
    return line;
  }));
  box.hidden = false;
}

function tableRow(cells) {
  const row = document.createElement("tr");
  row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}

function audience() {
  const made = {};
  if (form.elements.all_contacts.checked) made.all_contacts = true;
  const labels = all('input[name="labels"]:checked').map((input) => Number(input.value));
  if (labels.length) made.labels = labels;
  const phones = form.elements.phones.value.split(/[\n;]+/).map((line) => line.trim()).filter(Boolean);
  if (phones.length) {
    made.phones = phones.map((line) => {
      const [phone, ...name] = line.split(",");
      return { phone: phone.trim(), name: name.join(",").trim() || null };
    });
  }
  if (form.elements.q.value.trim()) made.filter = { q: form.elements.q.value.trim() };
  if (file) made.file = file.file;
  return made;
}

// --- sending --------------------------------------------------------------------------------------

form.addEventListener("change", (event) => {
  const { target } = event;
  if (target.name === "device_id") fetchTemplates();
  else if (target.name === "template_id") showFields();
  else if (target.type === "file") readFile(target);
  else if (target.closest("[data-row]")) {
    showSource(target.closest("[data-row]"));
    showPreview();
  }
});
form.addEventListener("input", showPreview);

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const save = one("[type=submit]");
  save.disabled = true;
  const hours = { start: form.elements.quiet_start.value, end: form.elements.quiet_end.value };
  const body = {
    name: form.elements.name.value,
    device_id: Number(form.elements.device_id.value) || null,
    template_id: Number(form.elements.template_id.value) || null,
    audience: audience(),
    variables: mapping(),
    as_draft: true,
    scheduled_local: form.elements.scheduled_local.value || null,
    quiet_hours: hours.start || hours.end ? hours : null,
  };
  try {
    const made = await api("POST", "/api/app/broadcasts", body, { headers: { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) } });
    form.dataset.saved = "";
    location.assign(`/app/broadcasts/${made.id}`);
  } catch (error) {
    save.disabled = false;
    if (!(error instanceof ApiError && error.status === 422 && showErrors(form, named(error.fields)))) reportError(error);
  }
});

/** The server's fields by the names that the form has. */
function named(fields) {
  const names = { audience: "phones", quiet_hours: "quiet_start" };
  return Object.fromEntries(Object.entries(fields).map(([name, words]) => [names[name] ?? (name.startsWith("audience.phones") ? "phones" : name), words]));
}

fetchTemplates();
