// Handing the open conversation over, to a division's queue or to an agent.
import { api, ApiError, reportError } from "../api.js";
import { openDialog } from "../dialog.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { all, head, one, state } from "../inbox/dom.js";
import { touch } from "../inbox/fresh.js";
import { sync } from "../inbox/sync.js";

const dialog = one("#transfer-dialog");
const form = one("[data-transfer-form]", dialog);
let about = 0;

/** Ask where the open conversation shall go. */
export function askTransfer() {
  if (!state.open || !head()) return;
  about = state.open;
  form.elements.note.value = "";
  // Another division than the one it is in is what somebody means
  const division = form.elements.division_id;
  const other = [...(division?.options ?? [])].find((option) => option.value !== head().dataset.division);
  if (other) division.value = other.value;
  openDialog(dialog);
}

const kind = () => one('[data-transfer-kind][aria-pressed="true"]', form).dataset.transferKind;

function choose(name) {
  for (const button of all("[data-transfer-kind]", form)) button.setAttribute("aria-pressed", String(button.dataset.transferKind === name));
  for (const part of all("[data-transfer-part]", form)) part.hidden = part.dataset.transferPart !== name;
}

async function send() {
  const name = kind();
  const field = form.elements[`${name}_id`];
  const body = { [`${name}_id`]: Number(field.value), note: form.elements.note.value.trim() };
  const button = one("[type=submit]", form);
  button.dataset.busy = "";
  try {
    await api("POST", `/api/app/inbox/conversations/${about}/transfer`, body);
    dialog.close();
    toast(t("queue.transferred", { name: field.selectedOptions[0].textContent }), { kind: "success" });
    touch(about);
    if (about === state.open) sync();
  } catch (error) {
    if (!(error instanceof ApiError) || !showErrors(form, error.fields)) reportError(error, send);
  }
  delete button.dataset.busy;
}

document.addEventListener("click", ({ target }) => {
  if (target.closest?.("[data-transfer]")) askTransfer();
});

form?.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-transfer-kind]");
  if (button) choose(button.dataset.transferKind);
});

// On the form, not on document: before forms.js takes it for one that leaves the page
form?.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
