// The page of the queue's settings. An entry: the page links it, no module imports it.
import { api, ApiError, reportError } from "../api.js";
import { clearErrors, markSaved, showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { replay } from "./preview.js";
import { valuesOf } from "./settings-form.js";

const form = document.querySelector("[data-queue-form]");
const saver = form.querySelector("[type=submit]");
let timer = 0;

// On the form, not on document: before forms.js takes it for one that leaves the page
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (saver.dataset.busy !== undefined) return;
  saver.dataset.busy = "";
  const changed = form.querySelector("[data-changes]").textContent;
  try {
    await api("PUT", "/api/app/queue/settings", valuesOf(form));
    clearErrors(form);
    markSaved(form);
    toast(changed ? t("queue.saved", { changes: changed }) : t("queue.saved_same"), { kind: "success" });
  } catch (error) {
    if (!(error instanceof ApiError) || !showErrors(form, error.fields)) reportError(error, () => form.requestSubmit());
  }
  delete saver.dataset.busy;
});

form.addEventListener("input", () => {
  showParts();
  clearTimeout(timer);
  timer = setTimeout(replay, 350);
});

// --- texts: placeholders and defaults --------------------------------------------------------------

const visited = new WeakSet();
form.addEventListener("focusin", ({ target }) => visited.add(target));

form.addEventListener("click", ({ target }) => {
  const mark = target.closest("[data-insert]");
  const restore = target.closest("[data-restore]");
  const area = target.closest("[data-text-field]")?.querySelector("textarea");
  if (mark) {
    // Where the caret was; at the end of a text in which it never was
    const at = visited.has(area) ? [area.selectionStart, area.selectionEnd] : [area.value.length, area.value.length];
    area.focus();
    area.setRangeText(mark.dataset.insert, ...at, "end");
  }
  if (restore) {
    area.value = area.dataset.default;
    area.focus();
  }
  if (mark || restore) area.dispatchEvent(new Event("input", { bubbles: true }));
});

/** What belongs to a switch that is off, or a word that is empty, is not shown. */
function showParts() {
  for (const part of form.querySelectorAll("[data-shown-with]")) {
    const field = form.elements[part.dataset.shownWith];
    part.hidden = field.type === "checkbox" ? !field.checked : !field.value.trim();
    // A text that nobody sees must not be the one that is missing
    const area = part.querySelector("textarea[required]");
    if (part.hidden && area && !area.value.trim()) area.value = area.dataset.default;
  }
  for (const area of form.querySelectorAll("textarea[data-default]")) {
    area.closest("[data-text-field]").querySelector("[data-restore]").hidden = area.value === area.dataset.default;
  }
}

showParts();
replay();
