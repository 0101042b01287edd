// Pages of templates: fetching by the button, rows that change by themselves, deleting.
import { api, attempt, reportError } from "../api.js";
import { confirmDialog } from "../dialog.js";

const tell = (name) => document.body.dispatchEvent(new CustomEvent(name));

document.addEventListener("click", (event) => {
  const fetching = event.target.closest("[data-template-sync]");
  if (fetching) startSync(fetching);
  const deleting = event.target.closest("[data-template-delete]");
  if (deleting) remove(deleting);
});

function startSync(button) {
  const send = () => api("POST", "/api/app/meta-templates/sync", { device_id: Number(button.dataset.templateSync) });
  const apply = () => { button.disabled = true; };
  const rollback = () => { button.disabled = false; };
  attempt(send, { apply, rollback }).then((answer) => answer && tell("template-sync"));
}

async function remove(button) {
  const { templateDelete: id, question, label, next } = button.dataset;
  if (!await confirmDialog(question, { label, danger: true })) return;
  button.disabled = true;
  try {
    await api("DELETE", `/api/app/meta-templates/${id}?confirm=true`);
    location.assign(next);
  } catch (error) {
    button.disabled = false;
    reportError(error);
  }
}

document.addEventListener("cloudchat:template:sync", () => tell("template-sync"));
document.addEventListener("cloudchat:template:updated", () => tell("template-changed"));
for (const name of ["cloudchat:poll", "cloudchat:connected"]) {
  document.addEventListener(name, () => {
    tell("template-sync");
    tell("template-changed");
  });
}
