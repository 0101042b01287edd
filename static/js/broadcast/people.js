// Who gets the broadcast: what was ticked and typed, a file, and how many that are.
import { api, ApiError, reportError } from "../api.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { all, form, given, one } from "./form.js";

const PAUSE = 400; // of typing, before the server is asked
let file = null;
let timer = 0;
let asked = 0;

/** The list that was uploaded, or null: {file, columns, rows, …}. */
export const fileOfPeople = () => file;

/** What was ticked and typed, as the API takes it. */
export function audience() {
  const made = {};
  for (const box of all('input[name="kept"]:checked')) made[box.value] = given.kept[box.value];
  if (form.elements.all_contacts.checked) made.all_contacts = true;
  for (const name of ["labels", "saved_filters"]) {
    const ids = all(`input[name="${name}"]:checked`).map((input) => Number(input.value));
    if (ids.length) made[name] = ids;
  }
  const phones = form.elements.phones.value.split(/[\n;]+/).map((line) => line.trim()).filter(Boolean);
  if (phones.length) made.phones = [...(made.phones ?? []), ...phones.map(phoneOf)];
  const words = form.elements.q?.value.trim(); // without the field a filter is kept as it was made
  if (words) made.filter = { q: words };
  if (file) made.file = file.file;
  return made;
}

function phoneOf(line) {
  const [phone, ...name] = line.split(",");
  return { phone: phone.trim(), name: name.join(",").trim() || null };
}

// --- how many -------------------------------------------------------------------------------------

/** Ask soon: whoever types is not asked about each letter. */
export function countSoon() {
  clearTimeout(timer);
  timer = setTimeout(count, PAUSE);
}

async function count() {
  const { file: kept, ...wanted } = audience();
  const turn = ++asked;
  const inFile = kept ? file.good : 0;
  try {
    const total = Object.keys(wanted).length ? (await api("POST", "/api/app/broadcasts/audience-size", { audience: wanted })).total : 0;
    if (turn === asked) say(total + inFile ? t("broadcast.size", { count: total + inFile }) : "");
  } catch (error) {
    if (turn === asked) say(error instanceof ApiError ? Object.values(error.fields).flat().join(" ") : "");
  }
}

function say(words) {
  one("[data-audience-size]").textContent = words;
}

/** What each kept filter finds now, beside its name. */
export async function countFilters() {
  if (!one("[data-filters]")) return;
  try {
    const { items, count_cap: most } = await api("GET", "/api/app/contacts/filters?counts=true");
    for (const item of items) {
      const place = one(`[data-filter-count="${item.id}"]`);
      if (place) place.textContent = item.count > most ? t("broadcast.found_many", { count: most }) : t("broadcast.found", { count: item.count });
    }
  } catch { /* the numbers are a help; without them the filters can be chosen all the same */ }
}

// --- the file -------------------------------------------------------------------------------------

/** Take the chosen file in; answers whether there is another list now. */
export async function readFile(input) {
  if (!input.files.length) return false;
  const body = new FormData();
  body.append("file", input.files[0]);
  return take(() => api("POST", "/api/app/broadcasts/recipients-file", body), input);
}

/** The list that the broadcast was made with. */
export async function readKept() {
  return given.file_of ? take(() => api("GET", `/api/app/broadcasts/${given.file_of}/file`), one('[name="file"]')) : false;
}

async function take(fetchIt, input) {
  try {
    file = await fetchIt();
  } catch (error) {
    input.value = "";
    if (!(error instanceof ApiError && error.status === 422 && showErrors(form, error.fields))) reportError(error);
    return false;
  }
  showFile();
  return true;
}

export function takeFileOff() {
  file = null;
  one('[name="file"]').value = "";
  one("[data-file-found]").hidden = true;
}

function showFile() {
  const box = one("[data-file-found]");
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
