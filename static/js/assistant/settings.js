// The settings of the language model. An entry: the page links it, no module imports it.
import { api, reportError } from "../api.js";
import { confirmDialog } from "../dialog.js";
import { clearErrors, showErrors } from "../forms.js";
import { t } from "../i18n.js";

const URL = "/api/app/assistant";
const root = document.querySelector("[data-assistant]");
const form = root.querySelector("[data-assistant-form]");
const busy = root.querySelector("[data-busy]");

/** Have the model asked; the page then shows what came out. */
async function verify() {
  busy.textContent = t("ongkir.verifying");
  try {
    await api("POST", `${URL}/verify`);
    location.reload();
  } catch (error) {
    busy.textContent = "";
    reportError(error, verify);
  }
}

async function put(body) {
  clearErrors(form);
  try {
    return await api("PUT", `${URL}/settings`, body);
  } catch (error) {
    if (!showErrors(form, error.fields ?? {})) reportError(error, null);
    return null;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { address, model, api_key: key, daily_limit: limit, chooses, drafts } = form.elements;
  const body = {
    address: address.value,
    model: model.value,
    daily_limit: Number(limit.value),
    chooses: chooses.checked,
    drafts: drafts.checked,
  };
  if (key.value.trim()) body.api_key = key.value.trim();
  const saved = await put(body);
  if (!saved) return;
  key.value = "";
  if (saved.has_api_key) await verify();
  else busy.textContent = t("ongkir.saved");
});

root.addEventListener("click", async ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  if ("verify" in button.dataset) await verify();
  if ("keyRemove" in button.dataset && (await confirmDialog(button.dataset.question, { label: button.textContent.trim(), danger: true }))) {
    if (await put({ api_key: "" })) location.reload();
  }
});
