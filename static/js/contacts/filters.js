// Filters of the list that are kept under a name: kept, renamed, deleted. A kept one is an address.
import { api, ApiError, reportError } from "../api.js";
import { confirmDialog, openDialog } from "../dialog.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { closeMenu } from "../menu.js";
import { toast } from "../toast.js";

const menu = document.getElementById("contact-filters");
const form = document.querySelector("[data-filter-form]");
const FILTERS = "/api/app/contacts/filters";
let renamed = null; // the filter whose name the dialog changes; otherwise it keeps a new one

/** What the list is narrowed to now. */
function present() {
  const { q, label } = JSON.parse(document.getElementById("contact-list").dataset.exportQuery);
  return { q: (q ?? "").trim(), label };
}

menu.addEventListener("click", (event) => {
  const row = event.target.closest("[data-filter]");
  if (event.target.closest("[data-filter-keep]")) keep();
  else if (event.target.closest("[data-filter-rename]")) ask(row.dataset.filter, row.dataset.name);
  else if (event.target.closest("[data-filter-delete]")) forget(row.dataset.filter, row.dataset.name);
});

function keep() {
  const { q, label } = present();
  if (q || label !== null) return ask(null, "");
  closeMenu();
  toast(t("contacts.filter_nothing"));
}

function ask(id, name) {
  closeMenu();
  renamed = id;
  form.reset();
  form.elements.name.value = name;
  openDialog(form.closest("dialog"));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const name = form.elements.name.value;
  try {
    if (renamed) await api("PATCH", `${FILTERS}/${renamed}`, { name });
    else await api("POST", FILTERS, { name, ...present() });
  } catch (error) {
    if (!(error instanceof ApiError && showErrors(form, error.fields ?? {}))) reportError(error);
    return;
  } finally {
    delete form.dataset.sending;
  }
  form.closest("dialog").close();
  toast(t("contacts.filter_kept"), { kind: "success" });
  await redraw();
});

async function forget(id, name) {
  closeMenu();
  const yes = await confirmDialog(t("contacts.filter_delete", { name }), { label: t("contacts.delete_label"), danger: true });
  if (!yes) return;
  try {
    await api("DELETE", `${FILTERS}/${id}`);
    toast(t("contacts.filter_gone", { name }), { kind: "success" });
    await redraw();
  } catch (error) {
    reportError(error);
  }
}

function redraw() {
  return window.htmx.ajax("GET", "/app/contacts/filters", { target: menu, swap: "innerHTML" });
}
