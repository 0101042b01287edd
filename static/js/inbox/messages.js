// What is done with single messages and notes: send again, take back, confirm, delete, show whole.
import { api, reportError } from "../api.js";
import { confirmDialog } from "../dialog.js";
import { t } from "../i18n.js";
import { fragment, one, root, state } from "./dom.js";
import { sync } from "./sync.js";

async function act(button, entry) {
  const url = `/api/app/inbox/conversations/${state.open}/messages/${entry.dataset.id}`;
  const action = button.dataset.messageAction;
  if (button.dataset.busy !== undefined) return;
  if (action === "retry" && entry.dataset.status === "unknown") {
    const sure = await confirmDialog(t("inbox.again.question"), { title: t("inbox.again.title"), label: t("inbox.again.label") });
    if (!sure) return;
  }
  button.dataset.busy = "";
  try {
    if (action === "cancel") await api("DELETE", url);
    else await api("POST", `${url}/${action}`);
  } catch (error) {
    reportError(error, () => act(button, entry));
  }
  delete button.dataset.busy;
  sync(entry.id);
}

async function deleteNote(entry) {
  const yes = await confirmDialog(t("inbox.note.question"), { title: t("inbox.note.title"), label: t("inbox.note.label"), danger: true });
  if (!yes) return;
  try {
    await api("DELETE", `/api/app/inbox/conversations/${state.open}/notes/${entry.dataset.id}`);
    entry.remove();
    one("textarea[data-text]", root)?.focus();
  } catch (error) {
    reportError(error, () => deleteNote(entry));
  }
}

async function showWhole(entry) {
  try {
    const body = await fragment(`/app/inbox/${state.open}/updates?after=${2 ** 53}&activity=${2 ** 53}&note=${2 ** 31 - 1}&first=${2 ** 53}&whole=true&messages=${entry.dataset.id}`);
    const whole = one(`#${entry.id}`, body);
    if (whole) entry.replaceWith(whole);
  } catch (error) {
    reportError(error, () => showWhole(entry));
  }
}

root.addEventListener("click", (event) => {
  const entry = event.target.closest("[data-entry][id]");
  if (!entry) return;
  const action = event.target.closest("[data-message-action]");
  if (action) act(action, entry);
  if (event.target.closest("[data-note-delete]")) deleteNote(entry);
  if (event.target.closest("[data-whole]")) showWhole(entry);
  const quote = event.target.closest("[data-quote]");
  if (quote) document.getElementById(quote.dataset.quote)?.scrollIntoView({ block: "center" });
});
