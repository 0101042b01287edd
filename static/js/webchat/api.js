// The visitor's session and every call to the server.
import { locale, t } from "../i18n.js";
import { key, onOtherTab, read, tell, write } from "./store.js";

const base = `/api/chat/${encodeURIComponent(key)}/`;
const HEADERS = { Accept: "application/json", "Accept-Language": locale.slice(0, 2) };

/** A call that failed. status 0: no answer. */
export class Failure extends Error {
  constructor(status, body = null, wait = 0) {
    const error = body?.error ?? {};
    const detail = Object.values(error.fields ?? {}).flat()[0];
    super(detail || error.message || t("error.generic"));
    Object.assign(this, { status, code: error.code ?? null, wait });
  }

  /** Whether the same call may work later without any change. */
  get passes() {
    return [0, 404, 408, 429].includes(this.status) || this.status >= 500;
  }
}

/** The token of the session, or null before the first message. */
export const token = () => read("token");

let starting = null;

/** A token: the one that is kept, or a new session's. One at a time, also across tabs. */
export function session() {
  if (token()) return Promise.resolve(token());
  starting ??= alone(start).finally(() => (starting = null));
  return starting;
}

async function start() {
  if (token()) return token();
  const answer = await json("POST", "sessions", { name: read("name", "") });
  write("token", answer.token);
  tell("session");
  return answer.token;
}

/** Where storage is blocked, locks are too; then there is nothing that tabs could share. */
async function alone(work) {
  try {
    return await navigator.locks.request(`cloudchat.session.${key}`, work);
  } catch (error) {
    if (error instanceof Failure) throw error;
    return work();
  }
}

// Another tab began a session (or a new one): this one goes on in it
onOtherTab("token", () => tell("session"));

/** The server does not know this token any more: forget it, unless another tab has a newer one. */
function expired(old) {
  if (token() !== old) return;
  write("token", null);
  tell("expired");
}

/** Do something with a token; when that has expired, once more with a new session's. */
async function withSession(work) {
  const first = await session();
  try {
    return await work(first);
  } catch (error) {
    if (error.status !== 401) throw error;
    expired(first);
    return work(await session());
  }
}

async function json(method, path, body, bearer = null) {
  const headers = { ...HEADERS };
  if (bearer) headers.Authorization = `Bearer ${bearer}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body), credentials: "omit" });
  } catch {
    throw new Failure(0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Failure(response.status, answer, Number(response.headers.get("Retry-After")) || 0);
  return answer;
}

/** Messages; null where there is no session, so nothing to read. A lost session is not replaced here. */
export async function messages(query) {
  const bearer = token();
  if (!bearer) return null;
  try {
    return await json("GET", `messages?${new URLSearchParams(query)}`, undefined, bearer);
  } catch (error) {
    if (error.status !== 401) throw error;
    expired(bearer);
    return null;
  }
}

/** Send text or a tap. */
export function send(entry) {
  const { client_id, text, payload } = entry;
  return withSession((bearer) => json("POST", "messages", { client_id, text, payload }, bearer));
}

/** Send a file, telling how far it is (0 to 1). */
export function upload(entry, progress) {
  return withSession((bearer) => post(entry, bearer, progress));
}

// fetch() does not tell how much of a body has left
function post(entry, bearer, progress) {
  const form = new FormData();
  form.append("client_id", entry.client_id);
  form.append("text", entry.text);
  form.append("file", entry.file, entry.file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${base}messages`);
    for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
    request.setRequestHeader("Authorization", `Bearer ${bearer}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded / event.total);
    request.onerror = request.onabort = request.ontimeout = () => reject(new Failure(0));
    request.onload = () => {
      const wait = Number(request.getResponseHeader("Retry-After")) || 0;
      if (request.status < 300) resolve(request.response);
      else reject(new Failure(request.status, request.response, wait));
    };
    request.send(form);
  });
}

/** The desk's messages up to this one have arrived, or are in view. Not worth a retry: the next call says more. */
export function seen(messageId, status) {
  const bearer = token();
  if (bearer) json("POST", "seen", { message_id: messageId, status }, bearer).catch(() => {});
}

/** A fresh address of a file. */
export async function fileUrl(attachmentId) {
  return (await json("GET", `attachments/${attachmentId}/link`, undefined, token())).url;
}
