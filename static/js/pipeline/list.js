// The list of pipelines, and the page of a new one.
import { api, reportError } from "../api.js";
import { confirmDialog } from "../dialog.js";
import { showErrors } from "../forms.js";
import { addTexts, t } from "../i18n.js";

addTexts(JSON.parse(document.getElementById("pipeline-texts").textContent));

document.addEventListener("click", async (event) => {
  const chosen = event.target.closest("[data-make-default]");
  const gone = event.target.closest("[data-delete-pipeline]");
  try {
    if (chosen) {
      await api("PUT", `/api/app/pipelines/${chosen.dataset.makeDefault}`, { is_default: true });
      location.reload();
    }
    if (gone) await remove(gone.dataset.deletePipeline, gone.dataset.name);
  } catch (error) {
    reportError(error);
  }
});

async function remove(id, name) {
  const sure = await confirmDialog(t("pipeline.delete", { name }), { label: t("pipeline.delete_label"), danger: true });
  if (!sure) return;
  try {
    await api("DELETE", `/api/app/pipelines/${id}`);
  } catch (error) {
    if (error.code !== "pipeline_has_cards") throw error;
    const count = error.body.error.cards;
    const text = t("pipeline.delete_cards", { count, name });
    if (!(await confirmDialog(text, { label: t("pipeline.delete_anyway"), danger: true }))) return;
    await api("DELETE", `/api/app/pipelines/${id}?force=true`);
  }
  location.reload();
}

const form = document.querySelector("[data-new-pipeline]");
form?.addEventListener("change", (event) => {
  if (event.target.name !== "ladder") return;
  const names = [...form.elements.ladder].map((choice) => choice.dataset.name);
  if (names.includes(form.elements.name.value) || !form.elements.name.value) form.elements.name.value = event.target.dataset.name;
});
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { ladder, name, description } = form.elements;
  try {
    const made = await api("POST", "/api/app/pipelines", { ladder: ladder.value, name: name.value, description: description.value });
    location.assign(`/app/pipelines/${made.id}/board`);
  } catch (error) {
    delete form.dataset.sending;
    form.querySelectorAll("[data-busy]").forEach((button) => delete button.dataset.busy);
    if (!showErrors(form, error.fields ?? {})) reportError(error);
  }
});
