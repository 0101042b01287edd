// Talking with the site that the frame stands on: static/widget.js at the other end. Both look at
// the origin and at the window of every message, and take only the few that are known.
import { t } from "../i18n.js";
import { setOpen } from "./alerts.js";
import { focusField } from "./composer.js";
import { chatName, framed, on } from "./store.js";
import { toEnd } from "./view.js";

const MARK = "cloudchat-widget";
const allowed = (document.documentElement.dataset.origins ?? "").split(" ").filter(Boolean);
let site = null; // the origin of the page around us, once it has introduced itself

/** "*", "https://shop.example" or "https://*.shop.example" */
function isAllowed(origin) {
  if (origin === location.origin) return true;
  return allowed.some((entry) => {
    const [head, tail] = entry.split("*");
    if (tail === undefined) return entry === origin;
    return entry === "*" ? /^https?:/.test(origin) : origin.startsWith(head) && origin.endsWith(tail);
  });
}

function post(type, detail = {}) {
  if (site) parent.postMessage({ mark: MARK, type, ...detail }, site);
}

function hear(event) {
  const message = event.data;
  if (event.source !== parent || message?.mark !== MARK || !isAllowed(event.origin)) return;
  if (site && site !== event.origin) return;
  if (message.type === "hello") greet(event.origin, message);
  if (message.type === "open") opened();
  if (message.type === "close") setOpen(false);
}

function greet(origin, message) {
  site = origin;
  const color = getComputedStyle(document.documentElement).getPropertyValue("--chat");
  const onColor = getComputedStyle(document.documentElement).getPropertyValue("--on-chat");
  const texts = {
    open: t("widget.open"),
    close: t("widget.close"),
    title: t("widget.title", { name: chatName }),
    unread: t("widget.unread"),
    "unread.one": t("widget.unread", { count: 1 }),
  };
  post("ready", { color, onColor, texts });
  post("unread", { count });
  if (message.open === true) setOpen(true);
}

function opened() {
  setOpen(true);
  toEnd();
  focusField();
}

let count = 0;
on("unread", (detail) => {
  count = detail.count;
  post("unread", { count });
});

if (framed && parent !== window) {
  addEventListener("message", hear);
  const shut = () => {
    setOpen(false);
    post("close");
  };
  document.getElementById("close").addEventListener("click", shut);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) shut();
  });
  // Whoever is around may hear that we are here, and nothing else, before it has introduced itself
  parent.postMessage({ mark: MARK, type: "here" }, "*");
} else if (framed) {
  setOpen(true);
  document.getElementById("close").hidden = true;
}
