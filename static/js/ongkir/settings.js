// The shipping cost settings. An entry: the page links it, no module imports it.
import { api, reportError } from "../api.js";
import { confirmDialog } from "../dialog.js";
import { clearErrors, showErrors } from "../forms.js";
import { t } from "../i18n.js";

const URL = "/api/app/ongkir";
const root = document.querySelector("[data-ongkir-settings]");
const keyForm = root.querySelector("[data-key-form]");
const form = root.querySelector("[data-settings-form]");
const { province, city } = form.elements;
const originBusy = root.querySelector("[data-origin-busy]");

/** Check the key that is saved; the page then shows what came out. */
async function verify() {
  const busy = keyForm.querySelector("[data-verifying]");
  busy.textContent = t("ongkir.verifying");
  try {
    await api("POST", `${URL}/verify`);
    location.reload();
  } catch (error) {
    busy.textContent = "";
    reportError(error, verify);
  }
}

async function put(target, body) {
  clearErrors(target);
  try {
    return await api("PUT", `${URL}/settings`, body);
  } catch (error) {
    if (!showErrors(target, error.fields ?? {})) reportError(error, null);
    return null;
  }
}

keyForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  const saved = await put(keyForm, { rajaongkir_api_key: keyForm.elements.rajaongkir_api_key.value.trim() });
  if (saved) {
    keyForm.reset();
    await verify();
  }
});

root.addEventListener("click", async ({ target }) => {
  const button = target.closest("button");
  if (!button) return;
  if ("verify" in button.dataset) await verify();
  if ("keyRemove" in button.dataset && (await confirmDialog(button.dataset.question, { label: button.textContent.trim(), danger: true }))) {
    if (await put(keyForm, { rajaongkir_api_key: "" })) location.reload();
  }
  if (button.dataset.couriers) {
    for (const box of root.querySelectorAll('[name="enabled_couriers"]')) box.checked = button.dataset.couriers === "all";
  }
  if ("originChange" in button.dataset) await openOrigin();
});

function fill(list, items) {
  list.replaceChildren(list.options[0], ...items.map(({ id, name, zip_code: zip }) => new Option(zip && zip !== "0" ? `${name} (${zip})` : name, id)));
  for (const [index, item] of items.entries()) list.options[index + 1].dataset.name = item.name;
  list.disabled = false;
}

async function load(list, url) {
  originBusy.textContent = t("ongkir.loading");
  try {
    fill(list, (await api("GET", url)).items);
  } catch (error) {
    reportError(error, () => load(list, url));
  }
  originBusy.textContent = "";
}

async function openOrigin() {
  root.querySelector("[data-origin-pick]").hidden = false;
  if (province.options.length < 2) await load(province, `${URL}/provinces`);
  province.focus();
}

province.addEventListener("change", () => {
  city.replaceChildren(city.options[0]);
  city.disabled = true;
  if (province.value) load(city, `${URL}/cities?province_id=${province.value}`);
});

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { is_active: active, rajaongkir_account_type: type, daily_limit: limit } = form.elements;
  const body = {
    rajaongkir_account_type: type.value,
    daily_limit: Number(limit.value),
    enabled_couriers: [...form.querySelectorAll('[name="enabled_couriers"]:checked')].map((box) => box.value),
  };
  if (!active.disabled) body.is_active = active.checked;
  if (city.value) {
    body.default_origin_city_id = Number(city.value);
    body.default_origin_city_name = city.selectedOptions[0].dataset.name;
    body.default_origin_province = province.selectedOptions[0].dataset.name;
  }
  const saved = await put(form, body);
  if (!saved) return;
  root.querySelector("[data-saved]").textContent = t("ongkir.saved");
  if (body.default_origin_city_name) location.reload();
});

// Another type has another number of calls
form.elements.rajaongkir_account_type.addEventListener("change", ({ target }) => {
  form.elements.daily_limit.value = { pro: 25000, enterprise: 50000 }[target.value] ?? 100;
});
