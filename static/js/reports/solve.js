// "Teach the answer": the questions leave the list of what is unanswered; undo takes the new pair away again.
import { api, reportError } from "../api.js";
import { clearErrors, showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { toast, undoable } from "../toast.js";

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-solve]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  clearErrors(form);
  try {
    const made = await api("POST", form.action, bodyOf(form));
    takeAway(form.closest("li"), made);
  } catch (error) {
    if (!showErrors(form, error.fields || {})) reportError(error);
  } finally {
    button.disabled = false;
  }
});

function bodyOf(form) {
  const given = new FormData(form);
  const alternatives = given.get("alternatives").split("\n").filter((line) => line.trim());
  const { question: solves, from, to } = form.dataset;
  return { solves, from, to, question: given.get("question"), answer: given.get("answer"), alternatives };
}

function takeAway(item, made) {
  const mark = document.createComment("");
  const next = item.nextElementSibling?.querySelector("summary") || document.getElementById("rep-unknown");
  item.replaceWith(mark);
  if (next.matches("h2")) next.tabIndex = -1;
  next.focus();
  undoable(t("reports.solved", { count: made.solved }), async () => {
    try {
      await api("DELETE", `/api/app/chatbot/qa/${made.qa_id}`);
      mark.replaceWith(item);
      toast(t("reports.unsolved"));
    } catch (error) {
      reportError(error);
    }
  });
}
