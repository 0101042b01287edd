// One message as an element. Text is only ever set as text.
import { locale, t } from "../i18n.js";
import { fileUrl } from "./api.js";
import * as thread from "./thread.js";

const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;
const FRESH_MS = 600_000; // an address of a file surely works for so long

/** An element: el("p", {class: "x"}, child, "text"). */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** An icon that the page has in it. */
export function icon(name, size = 16) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ class: "icon", width: size, height: size, "aria-hidden": "true" })) svg.setAttribute(key, value);
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** "2,4 MB" */
export function size(bytes) {
  const [unit, value] = bytes < 1_000_000 ? ["kilobyte", Math.max(1, bytes / 1_000)] : ["megabyte", bytes / 1_000_000];
  return new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits: unit === "kilobyte" ? 0 : 1 }).format(value);
}

/** The bubble of a message or of an entry of the outbox. `used`: the id of a button that was tapped already. */
export function bubble(message, { own, state, used }) {
  const payload = message.payload ?? {};
  const body = el("div", { class: "bubble", dir: "auto" });
  body.append(el("span", { class: "hidden" }, own ? `${t("message.you")}: ` : ""));
  if (payload.header?.text) body.append(el("strong", {}, payload.header.text));
  for (const file of payload.attachments ?? []) body.append(attached(file));
  if (message.file) body.append(uploading(message));
  if (payload.location) body.append(place(payload.location));
  if (message.text) body.append(words(message.text));
  else if (!body.querySelector("*:not(.hidden)")) body.append(el("em", {}, t("message.unsupported")));
  if (typeof payload.footer === "string") body.append(el("small", { class: "foot" }, payload.footer));
  body.append(meta(message, state));
  const parts = [body];
  if (payload.buttons?.length) parts.push(buttons(payload.buttons, used));
  if (state === "failed") parts.push(failed(message));
  return parts;
}

function words(text) {
  const made = el("p", { class: "words", dir: "auto" });
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    made.append(text.slice(at, match.index), el("a", { href: match[0], target: "_blank", rel: "noopener noreferrer nofollow ugc" }, match[0]));
    at = match.index + match[0].length;
  }
  made.append(text.slice(at));
  return made;
}

const TICKS = { sending: "clock", waiting: "clock", sent: "check", read: "checks", failed: "alert-circle" };

function meta(message, state) {
  const date = new Date(message.created_at ?? message.at);
  const made = el("span", { class: "meta" }, el("time", { datetime: date.toISOString(), title: whole.format(date) }, clock.format(date)));
  if (state) made.append(el("span", { class: `tick tick-${state}`, title: t(`message.${state}`) }, icon(TICKS[state]), el("span", { class: "hidden" }, t(`message.${state}`))));
  return made;
}

function failed(message) {
  const line = el("div", { class: "failed" }, el("span", { class: "reason" }, message.error || t("message.failed")));
  const again = el("button", { type: "button", class: "link" }, t("message.retry"));
  const gone = el("button", { type: "button", class: "link" }, t("message.remove"));
  again.addEventListener("click", () => thread.retry(message.client_id));
  gone.addEventListener("click", () => thread.remove(message.client_id));
  line.append(again, gone);
  return line;
}

function buttons(list, used) {
  const made = el("div", { class: "buttons" });
  for (const { id, title, description } of list) {
    const chosen = used === id;
    const button = el("button", { type: "button", class: chosen ? "choice chosen" : "choice", disabled: used !== undefined, "aria-pressed": chosen ? "true" : null, dir: "auto" }, chosen ? icon("check") : null, el("span", {}, title));
    if (description) button.append(el("small", {}, description));
    button.addEventListener("click", () => {
      for (const other of made.children) other.disabled = true;
      button.classList.add("chosen");
      thread.say({ text: title, payload: { button_id: id } });
    });
    made.append(button);
  }
  return made;
}

function place({ latitude, longitude, name, address }) {
  const label = [name, address].filter(Boolean).join(", ") || t("message.location");
  const at = [Number(latitude), Number(longitude)];
  if (!at.every(Number.isFinite)) return el("p", { class: "words" }, label);
  const href = `https://www.openstreetmap.org/?mlat=${at[0]}&mlon=${at[1]}#map=16/${at[0]}/${at[1]}`;
  return el("p", { class: "place" }, icon("map-pin", 20), el("a", { href, target: "_blank", rel: "noopener noreferrer" }, label));
}

// --- files ---------------------------------------------------------------------------------------

function uploading({ file, preview, progress = 0, state }) {
  const shown = preview ? el("img", { class: "picture", src: preview, alt: file.name }) : document_(file.name, file.size, "file-text");
  const made = el("div", { class: "uploading" }, shown);
  if (state !== "failed") made.append(el("progress", { max: 1, value: progress, "aria-label": t("file.progress", { percent: Math.round(progress * 100) }) }));
  return made;
}

function attached(file) {
  if (file.state === "pending") return el("p", { class: "words" }, t("message.pending_file"));
  if (file.state !== "ready") return el("p", { class: "words" }, t("message.failed_file"));
  const kept = { url: file.url, until: Date.now() + FRESH_MS };
  const fresh = async () => {
    if (!kept.url || Date.now() > kept.until) Object.assign(kept, { url: await fileUrl(file.id), until: Date.now() + FRESH_MS });
    return kept.url;
  };
  const make = { image: picture, sticker: picture, audio: player, video: player }[file.kind] ?? download;
  return make(file, kept, fresh);
}

/** A link whose address is renewed before it is followed. */
function followed(link, fresh, suffix = "") {
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    const target = link.target ? window.open("", "_blank") : window;
    if (target && target !== window) target.opener = null;
    try {
      const url = (await fresh()) + suffix;
      if (target) target.location.href = url;
    } catch {
      if (target !== window) target?.close();
    }
  });
  return link;
}

function picture(file, kept, fresh) {
  const image = el("img", { class: "picture", src: kept.url, alt: file.filename, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => renew(image, kept, fresh), { once: true });
  const link = el("a", { href: kept.url, target: "_blank", rel: "noopener", "aria-label": t("message.open_image", { name: file.filename }) }, image);
  return followed(link, fresh);
}

function player(file, kept, fresh) {
  const made = el(file.kind, { controls: true, preload: "metadata", src: kept.url, "aria-label": file.filename });
  made.addEventListener("error", () => renew(made, kept, fresh), { once: true });
  return made;
}

/** The page was open for longer than an address works, and scrolled only now. */
async function renew(element, kept, fresh) {
  kept.until = 0;
  element.src = await fresh().catch(() => "");
}

function download(file, kept, fresh) {
  const link = el("a", { class: "document-link", href: kept.url, "aria-label": t("message.download", { name: file.filename }) }, document_(file.filename, file.size, "download"));
  return followed(link, fresh, "&download=1");
}

function document_(name, bytes, sign) {
  return el("span", { class: "document" }, icon(sign, 20), el("span", { class: "document-words" }, el("bdi", {}, name), el("small", {}, size(bytes))));
}
