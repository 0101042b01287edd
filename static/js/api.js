// Calls to the JSON API, and what to do when one fails.
import { t } from "./i18n.js";
import { toast } from "./toast.js";

const WORDS = { 0: "network", 401: "session", 403: "forbidden", 404: "not_found", 413: "too_large", 429: "too_many" };

/** A call that failed. status 0: no answer. fields: {name: [sentence]} of a 422; body: the whole answer. */
export class ApiError extends Error {
  constructor(status, body = null) {
    const error = body?.error ?? {};
    super(error.message || t(`error.${WORDS[status] || "generic"}`));
    Object.assign(this, { name: "ApiError", status, code: error.code ?? null, fields: error.fields ?? {}, body });
  }

  /** Whether the same call may work a moment later. */
  get canRetry() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The token that every changing call carries. */
export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** Call the API: JSON out and in; FormData goes as it is. Answers the parsed body, null for none; throws ApiError. */
export async function api(method, url, body, { headers = {}, ...options } = {}) {
  const isForm = body instanceof FormData;
  const sent = { Accept: "application/json", "X-CSRF-Token": csrfToken(), ...headers };
  if (body !== undefined && !isForm) sent["Content-Type"] = "application/json";
  const payload = body === undefined || isForm ? body : JSON.stringify(body);
  let response;
  try {
    response = await fetch(url, { method, headers: sent, body: payload, credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(response.status, answer);
  return answer;
}

/** Do something that may fail: apply() shows it at once, send() makes it true, rollback() takes it back.
 *  A failure is shown as a toast with "try again". Answers what send() answers, or undefined. */
export async function attempt(send, { apply = null, rollback = null } = {}) {
  apply?.();
  try {
    return await send();
  } catch (error) {
    rollback?.(error);
    reportError(error, () => attempt(send, { apply, rollback }));
    return undefined;
  }
}

/** Say what failed, with "try again" where that can help. */
export function reportError(error, retry = null) {
  if (error.name === "AbortError") return;
  if (!(error instanceof ApiError)) console.error(error);
  const text = error instanceof ApiError ? error.message : t("error.generic");
  toast(text, { kind: "error", action: actionFor(error, retry) });
}

function actionFor(error, retry) {
  if (error.status === 401) return { label: t("error.login"), run: goToLogin };
  if (["csrf_failed", "csrf"].includes(error.code) || error.status === 419) {
    return { label: t("error.reload"), run: () => location.reload() };
  }
  return retry && (error.canRetry || !(error instanceof ApiError)) ? { label: t("retry"), run: retry } : null;
}

/** To the login page, and back here after it. */
export function goToLogin() {
  location.assign(loginUrl());
}

/** The login page's address that leads back to this page. */
export function loginUrl() {
  return `/login?next=${encodeURIComponent(location.pathname + location.search)}`;
}
