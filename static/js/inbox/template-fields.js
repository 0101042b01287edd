// The fields of a template in the picker: words, the end of an address, and what its header shows.
import { t } from "../i18n.js";
import { all, one } from "./dom.js";

const TAKES = { image: "image/jpeg,image/png", video: "video/mp4,video/3gpp", document: ".pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.txt" };
const PLACE = ["latitude", "longitude", "name", "address"];

/** A node with a class and a text. */
export function made(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** An input with its label. */
export function field(name, label, type = "text") {
  const group = made("div", "form-group");
  const caption = made("label", "", label);
  const input = made("input", "form-control");
  Object.assign(input, { id: `template-${name}`, name, type, dir: "auto", maxLength: 1000 });
  caption.htmlFor = input.id;
  group.append(caption, input);
  return group;
}

function labelOf(item) {
  if (item.key.startsWith("button.")) return t("inbox.template.button", { count: Number(item.key.slice(7)) + 1 });
  return t("inbox.template.field", { name: item.key.replace("header.", "") });
}

function fileField(item) {
  const group = field("file", t(`inbox.template.file.${item.kind}`), "file");
  const input = one("input", group);
  input.accept = TAKES[item.kind];
  if (!item.example) return [group];
  const choice = made("label", "check");
  const box = made("input");
  Object.assign(box, { type: "checkbox", id: "template-sample", name: "sample" });
  choice.append(box, made("span", "", t("inbox.template.sample")));
  box.addEventListener("change", () => (input.disabled = box.checked));
  return [group, choice];
}

function placeFields() {
  return PLACE.map((part) => {
    const group = field(`place.${part}`, t(`inbox.template.place.${part}`));
    if (part.endsWith("tude")) one("input", group).inputMode = "decimal";
    return group;
  });
}

/** The inputs for what a template has to be told. */
export function fieldsOf(item) {
  return item.fields.flatMap((wanted) => {
    if (TAKES[wanted.kind]) return fileField(wanted);
    if (wanted.kind === "location") return placeFields();
    const group = field(`variables.${wanted.key}`, labelOf(wanted));
    one("input", group).placeholder = wanted.example;
    return [group];
  });
}

/** What was typed, by variable. */
export function valuesOf(form) {
  const texts = all("[name^='variables.']", form).map((input) => [input.name.replace("variables.", ""), input.value.trim()]);
  const place = all("[name^='place.']", form).map((input) => [input.name.slice(6), input.value.trim()]).filter(([, value]) => value);
  const values = Object.fromEntries(texts);
  if (place.length) values.header = Object.fromEntries(place);
  if (form.elements.sample?.checked) values.header = { sample: true };
  return values;
}

/** The file that was chosen for the header. */
export const fileOf = (form) => (form.elements.sample?.checked ? null : form.elements.file?.files[0] ?? null);

/** The server's findings by the names that the inputs have. */
export function namedAsHere(fields, form) {
  const { "variables.header": words, ...others } = fields;
  const name = form.elements.file ? "file" : "place.latitude";
  return words ? { ...others, [name]: [...(others[name] ?? []), ...words] } : others;
}
