// Making a broadcast, or changing one: what the device can send, what is filled in, who gets it.
import { api, ApiError, reportError } from "../api.js";
import { showErrors } from "../forms.js";
import { addTexts, t } from "../i18n.js";
import { toast } from "../toast.js";
import { mapping, showFields, shownName, showPreview, showSource } from "./fields.js";
import { form, given, one } from "./form.js";
import { audience, countFilters, countSoon, fileOfPeople, readFile, readKept, takeFileOff } from "./people.js";

addTexts(JSON.parse(document.getElementById("broadcast-texts").textContent));

let templates = [];

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
    if (templates.some((item) => item.id === given.template_id) && Number(device.value) === given.device_id) choice.value = given.template_id;
  }
  one("[data-no-template]").hidden = !device.value || templates.length > 0;
  drawFields();
}

const chosen = () => templates.find((item) => item.id === Number(form.elements.template_id.value));

function drawFields() {
  showFields(chosen(), fileOfPeople());
  preview();
}

const preview = () => showPreview(chosen(), fileOfPeople());

/** Another list has other columns to fill in from; what was chosen stays. */
function listChanged() {
  given.variables = { ...given.variables, ...mapping() };
  drawFields();
  countSoon();
}

// --- what happens ---------------------------------------------------------------------------------

form.addEventListener("change", async (event) => {
  const { target } = event;
  if (target.name === "device_id") fetchTemplates();
  else if (target.name === "template_id") drawFields();
  else if (target.type === "file") await readFile(target) && listChanged();
  else if (target.closest("[data-row]")) {
    showSource(target.closest("[data-row]"));
    preview();
  }
});
form.addEventListener("input", (event) => {
  preview();
  if (event.target.closest("[data-people]")) countSoon();
});
form.addEventListener("click", (event) => {
  if (!event.target.closest("[data-file-off]")) return;
  takeFileOff();
  listChanged();
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const save = one("[type=submit]");
  save.disabled = true;
  try {
    const made = await send(written());
    form.dataset.saved = "";
    location.assign(`/app/broadcasts/${made.id}`);
  } catch (error) {
    save.disabled = false;
    if (error.code === "changed_meanwhile") askAgain(error.body.error);
    else if (!(error instanceof ApiError && error.status === 422 && showErrors(form, named(error.fields)))) reportError(error);
  }
});

/** The form, as the API takes it. */
function written() {
  const hours = { start: form.elements.quiet_start.value, end: form.elements.quiet_end.value };
  return {
    name: form.elements.name.value,
    device_id: Number(form.elements.device_id.value) || null,
    template_id: Number(form.elements.template_id.value) || null,
    audience: audience(),
    variables: mapping(),
    scheduled_local: form.elements.scheduled_local.value || null,
    quiet_hours: hours.start || hours.end ? hours : null,
  };
}

function send(body) {
  if (given.id) return api("PATCH", `/api/app/broadcasts/${given.id}`, { ...body, version: given.version });
  const key = crypto.randomUUID?.() ?? String(Math.random());
  return api("POST", "/api/app/broadcasts", { ...body, as_draft: true }, { headers: { "Idempotency-Key": key } });
}

/** Somebody else was quicker: it is said, and saving again keeps what stands here. */
function askAgain({ version, changed_by: name }) {
  given.version = version;
  toast(t("broadcast.changed", { name: name ?? t("broadcast.somebody") }), { kind: "error" });
}

/** The server's fields by the names that the form has. */
function named(fields) {
  const names = { audience: "phones", quiet_hours: "quiet_start" };
  const here = (name) => names[name] ?? (name.startsWith("audience.phones") ? "phones" : shownName(name));
  return Object.fromEntries(Object.entries(fields).map(([name, words]) => [here(name), words]));
}

await Promise.all([fetchTemplates(), readKept().then((found) => found && listChanged()), countFilters()]);
if (given.device_id) countSoon();
