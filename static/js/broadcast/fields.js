// Where the variables of a broadcast's template come from, and how the first one would read.
import { t } from "../i18n.js";
import { all, given, one } from "./form.js";

const VARIABLE = /\{\{\s*([^{}]+?)\s*\}\}|\{([A-Za-z0-9_]+)\}/g;
const BUILT_IN = ["name", "phone", "email"];
const FILES = ["image", "video", "document"];
const PLACE = ["latitude", "longitude", "name", "address"];

/** A row for each variable of the template. */
export function showFields(item, file) {
  const box = one("[data-fields]");
  box.replaceChildren(...(item?.fields ?? []).map((field) => fieldRow(field, file)));
  one("[data-fields-part]").hidden = !item;
  one("[data-no-fields]").hidden = !item || item.fields.length > 0;
}

/** A row: where the value of one variable comes from. */
function fieldRow(field, file) {
  const row = document.getElementById("field-row").content.cloneNode(true).firstElementChild;
  const known = given.variables?.[field.key] ?? {};
  one("[data-key]", row).textContent = field.kind === "text" && /^\w+$/.test(field.key) ? `{{${field.key}}}` : t(`broadcast.part.${field.kind}`, { key: field.key });
  Object.assign(row.dataset, { row: field.key, kind: field.kind });
  const source = one("select", row);
  const text = one("[data-text] input", row);
  source.id = `source-${field.key}`;
  one("label", row).htmlFor = source.id;
  text.name = `variables.${field.key}`;
  one("[data-default] input", row).setAttribute("aria-label", t("broadcast.fallback"));
  offer(source, field, known, file);
  source.value = sourceOf(source, field, known);
  fillIn(row, known, source.value);
  if (!text.value && field.kind === "text" && field.example && source.value === "text") text.placeholder = field.example;
  showSource(row);
  return row;
}

/** Only what makes sense for this kind of variable. */
function offer(source, field, known, file) {
  for (const column of file?.columns ?? []) source.add(new Option(column, `field:${column}`), 3);
  const isPlace = field.kind === "location";
  const hasSample = FILES.includes(field.kind) && field.example;
  for (const option of [...source.options]) {
    const useless = (option.value === "place" && !isPlace) || (option.value === "text" && isPlace && !known.text)
      || (option.value === "sample" && !hasSample) || (isPlace && BUILT_IN.some((name) => option.value === `field:${name}`));
    if (useless) option.remove();
  }
}

function sourceOf(source, field, known) {
  const listed = (value) => [...source.options].some((option) => option.value === value);
  if (known.location) return "place";
  if (known.sample && listed("sample")) return "sample";
  if (known.field) return listed(`field:${known.field}`) ? `field:${known.field}` : "custom";
  if (field.kind === "location" && !known.text) return "place";
  if (listed("sample") && !known.text) return "sample";
  return known.text || field.kind !== "text" ? "text" : source.value;
}

function fillIn(row, known, source) {
  const text = one("[data-text] input", row);
  if (source === "custom") text.value = known.field;
  if (known.text) text.value = known.text;
  if (known.default) one("[data-default] input", row).value = known.default;
  for (const part of PLACE) one(`[name="place.${part}"]`, row).value = known.location?.[part] ?? "";
}

export function showSource(row) {
  const value = one("select", row).value;
  one("[data-text]", row).hidden = !["text", "custom"].includes(value);
  one("[data-place]", row).hidden = value !== "place";
  one("[data-default]", row).hidden = !(value === "custom" || value.startsWith("field:"));
  const place = row.dataset.kind === "location";
  one("[data-text] span", row).textContent = value === "custom" ? t(place ? "broadcast.place_field" : "broadcast.field_name") : t("broadcast.text");
}

/** Each variable's source, as the API takes it. */
export function mapping() {
  return Object.fromEntries(all("[data-row]").map((row) => [row.dataset.row, sourceIn(row)]));
}

function sourceIn(row) {
  const source = one("select", row).value;
  const text = one("[data-text] input", row).value.trim();
  if (source === "sample") return { sample: true };
  if (source === "text") return { text };
  if (source === "place") {
    const parts = PLACE.map((part) => [part, one(`[name="place.${part}"]`, row).value.trim().replace(part.endsWith("tude") ? "," : "", part.endsWith("tude") ? "." : "")]);
    return { location: Object.fromEntries(parts.filter(([, value]) => value)) };
  }
  const made = { field: source === "custom" ? text : source.slice(6) };
  const fallback = one("[data-default] input", row).value.trim();
  return fallback ? { ...made, default: fallback } : made;
}

/** The template as the first row of the file would read it. */
export function showPreview(item, file) {
  const values = mapping();
  const sample = (key) => {
    const source = values[key];
    if (!source) return null;
    if (source.text) return source.text;
    const row = file?.rows[0];
    const from = row && (source.field === "name" ? row.name : source.field === "phone" ? row.phone : row.fields[source.field]);
    return from || source.default || (source.field ? `[${source.field}]` : null);
  };
  const text = item?.body ?? "";
  one("[data-bubble]").textContent = item ? text.replace(VARIABLE, (whole, a, b) => sample(a ?? b) ?? whole) : t("broadcast.no_preview");
}

/** The server's word on a variable, by the name of the input that is shown for it. */
export function shownName(name) {
  const row = name.startsWith("variables.") && one(`[data-row="${CSS.escape(name.slice(10))}"]`);
  return row && one("select", row).value === "place" ? "place.latitude" : name;
}
