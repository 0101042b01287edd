// Looking a shipping cost up, on its page and in a dialog of the inbox. An entry: pages link it.
import { api, reportError } from "../api.js";
import { clearErrors, showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";

let answer = "";

function show(form, found) {
  form.querySelector("[data-checker-result]").hidden = false;
  form.querySelector("[data-checker-head]").textContent = found.items.length ? `${found.origin} → ${found.destination}` : t("ongkir.no_service");
  form.querySelector("[data-checker-rows]").replaceChildren(
    ...found.items.map((row) => {
      const item = document.createElement("li");
      const name = document.createElement("span");
      const cost = document.createElement("b");
      name.textContent = [`${row.courier.toUpperCase()} ${row.service}`, row.etd_text].filter(Boolean).join(" · ");
      cost.textContent = row.cost_text;
      item.append(name, cost);
      return item;
    }),
  );
  for (const button of form.querySelectorAll("[data-checker-insert], [data-checker-copy]")) button.hidden = !found.text;
  answer = found.text ?? "";
}

async function check(form) {
  const { destination, origin, weight } = form.elements;
  const busy = form.querySelector("[data-checker-busy]");
  const body = { destination: destination.value.trim(), weight: Number(weight.value) };
  if (origin.value.trim()) body.origin = origin.value.trim();
  clearErrors(form);
  form.querySelector("[data-checker-result]").hidden = true;
  busy.textContent = t("ongkir.looking");
  try {
    show(form, await api("POST", "/api/app/ongkir/cost", body));
  } catch (error) {
    if (!showErrors(form, error.fields ?? {})) reportError(error, null);
  }
  busy.textContent = "";
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-ongkir-checker]");
  if (!form) return;
  event.preventDefault();
  check(form);
}, true); // before the page's own forms count it as sent

/** Put the answer behind what is written already. */
function insert(button) {
  const text = document.querySelector("[data-composer] textarea[data-text]");
  if (!text) return;
  text.value = text.value.trim() ? `${text.value.trimEnd()}\n\n${answer}` : answer;
  button.closest("dialog")?.close();
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.focus();
}

document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-checker-insert], [data-checker-copy]");
  if (!button) return;
  if ("checkerInsert" in button.dataset) return insert(button);
  await navigator.clipboard?.writeText(answer);
  toast(t("ongkir.copied"));
});
