// htmx as this product uses it: CSRF header, errors as toasts, questions as dialogs.
import { ApiError, csrfToken, reportError } from "./api.js";
import { confirmDialog } from "./dialog.js";
import { showErrors } from "./forms.js";

export { ApiError, api, attempt, reportError } from "./api.js";

document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = csrfToken();
});

// A JSON error is never swapped into the page; fields of a 422 are shown beside their inputs
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr } = event.detail;
  if (xhr.status < 400 || !isJson(xhr)) return;
  event.detail.shouldSwap = false;
  event.detail.isError = true;
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, elt } = event.detail;
  const error = errorOf(xhr);
  const form = elt.closest?.("form");
  if (form && Object.keys(error.fields).length && showErrors(form, error.fields)) return;
  reportError(error, () => again(event.detail));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => reportError(new ApiError(0), () => again(event.detail)));
}

// hx-confirm="Delete the label \"Billing\"?" asks in our own dialog
document.addEventListener("htmx:confirm", (event) => {
  const { question, elt, issueRequest } = event.detail;
  if (!question) return;
  event.preventDefault();
  const { confirmLabel, confirmKind } = elt.dataset;
  confirmDialog(question, { label: confirmLabel, danger: confirmKind === "danger" }).then((yes) => yes && issueRequest(true));
});

// Also for the generated admin screens, whose markup says it this way
document.addEventListener("click", (event) => {
  event.target.closest?.('[data-dismiss="alert"]')?.closest(".alert")?.remove();
});

function isJson(xhr) {
  return (xhr.getResponseHeader("Content-Type") || "").includes("json");
}

function errorOf(xhr) {
  if (isJson(xhr)) {
    try {
      return new ApiError(xhr.status, JSON.parse(xhr.responseText));
    } catch {
      return new ApiError(xhr.status); // cut off on the way
    }
  }
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const message = page.querySelector("[data-error-message]")?.textContent.trim();
  return new ApiError(xhr.status, message ? { error: { message } } : null);
}

/** The same request once more, from the same element. */
function again({ requestConfig, elt, target }) {
  if (!elt.isConnected) return location.reload();
  return window.htmx.ajax(requestConfig.verb.toUpperCase(), requestConfig.path, {
    source: elt,
    target,
    values: requestConfig.formData,
  });
}
