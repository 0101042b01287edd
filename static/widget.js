// The chat button for any website:
//   <script src="https://desk.example/static/widget.js" data-key="PUBLIC_KEY" async></script>
// Optional: data-position="left|right", data-color="#0f766e", data-lang="id|en".
// Everything stands in a closed shadow tree and a frame of our own, without inline styles or markup,
// so that neither the site's CSS nor a strict Content-Security-Policy gets in the way.
(() => {
  "use strict";
  const script = document.currentScript;
  const key = script?.dataset.key;
  if (!key || !/^[\w-]{8,40}$/.test(key)) {
    console.error("CloudChat: the script needs data-key");
    return;
  }
  const MARK = "cloudchat-widget";
  const TAG = "cloudchat-widget";
  if (document.querySelector(`${TAG}[data-key="${key}"]`)) return;

  const origin = new URL(script.src, location.href).origin;
  const left = script.dataset.position === "left";
  const color = /^#[0-9a-f]{6}$/i.test(script.dataset.color ?? "") ? script.dataset.color : "";
  const lang = /^(id|en)$/.test(script.dataset.lang ?? "") ? script.dataset.lang : "";
  const memoryKey = `cloudchat.widget.${key}`;
  const SVG = "http://www.w3.org/2000/svg";

  const CSS = `
    :host { all: initial !important; position: fixed !important; z-index: 2147483000 !important;
      bottom: 0 !important; ${left ? "left" : "right"}: 0 !important; display: block !important;
      width: 0 !important; height: 0 !important; }
    :host([hidden]) { display: none !important; }
    button { all: unset; box-sizing: border-box; position: fixed; bottom: calc(20px + env(safe-area-inset-bottom));
      ${left ? "left" : "right"}: 20px; width: 56px; height: 56px; border-radius: 50%; cursor: pointer;
      display: grid; place-items: center; background: var(--chat, #0f766e); color: var(--on-chat, #fff);
      box-shadow: 0 6px 20px rgb(0 0 0 / 25%), 0 1px 4px rgb(0 0 0 / 20%); transition: transform 120ms ease-out;
      -webkit-tap-highlight-color: transparent; }
    button:hover { transform: scale(1.05); }
    button:active { transform: scale(0.97); }
    button:focus-visible { outline: 3px solid #fff; outline-offset: -5px; box-shadow: 0 0 0 3px #1c5fb0, 0 6px 20px rgb(0 0 0 / 25%); }
    svg { width: 28px; height: 28px; fill: none; stroke: currentColor; stroke-width: 1.75;
      stroke-linecap: round; stroke-linejoin: round; pointer-events: none; }
    .badge { position: absolute; top: -2px; ${left ? "left" : "right"}: -2px; min-width: 22px; height: 22px; padding: 0 6px;
      box-sizing: border-box; border: 2px solid #fff; border-radius: 11px; background: #c02926; color: #fff;
      font: 600 12px/18px system-ui, sans-serif; text-align: center; pointer-events: none; }
    [hidden] { display: none !important; }
    iframe { position: fixed; bottom: calc(92px + env(safe-area-inset-bottom)); ${left ? "left" : "right"}: 20px;
      width: 384px; height: min(640px, calc(100vh - 112px)); height: min(640px, calc(100dvh - 112px));
      border: 0; border-radius: 16px; background: transparent; color-scheme: light dark;
      box-shadow: 0 12px 48px rgb(0 0 0 / 28%), 0 2px 8px rgb(0 0 0 / 16%);
      transition: opacity 140ms ease-out, transform 140ms ease-out, visibility 0s; }
    iframe.closed { visibility: hidden; opacity: 0; transform: translateY(12px); pointer-events: none;
      transition: opacity 140ms ease-in, transform 140ms ease-in, visibility 0s 140ms; }
    @media (max-width: 479.98px), (max-height: 479.98px) {
      iframe { inset: 0; width: 100%; height: 100vh; height: 100dvh; border-radius: 0; box-shadow: none; }
      button.open { display: none; }
    }
    @media (prefers-reduced-motion: reduce) { button, iframe, iframe.closed { transition: none; } }
    @media print { :host { display: none !important; } }`;

  const host = document.createElement(TAG);
  host.dataset.key = key;
  host.hidden = true;
  const root = host.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-haspopup", "dialog");
  const badge = document.createElement("span");
  badge.className = "badge";
  badge.hidden = true;
  badge.setAttribute("aria-hidden", "true");
  button.append(drawing("M3 20l1.3 -3.9c-2.324 -3.437 -1.426 -7.872 2.1 -10.374c3.526 -2.501 8.59 -2.296 11.845 .48c3.255 2.777 3.695 7.266 1.029 10.501c-2.666 3.235 -7.615 4.215 -11.574 2.293l-4.7 1"), badge);
  const frame = document.createElement("iframe");
  frame.className = "closed";
  frame.allow = "autoplay";
  frame.src = address();
  root.append(frame, button);

  let texts = {};
  let isOpen = remembered();
  let ready = false;
  let unread = 0;

  function drawing(path) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  }

  function address() {
    const made = new URL(`/chat/${key}/frame`, origin);
    if (lang) made.searchParams.set("lang", lang);
    if (color) made.searchParams.set("color", color);
    return made.href;
  }

  function remembered() {
    try {
      return localStorage.getItem(memoryKey) === "open" && matchMedia("(min-width: 480px) and (min-height: 480px)").matches;
    } catch {
      return false;
    }
  }

  function remember() {
    try {
      if (isOpen) localStorage.setItem(memoryKey, "open");
      else localStorage.removeItem(memoryKey);
    } catch {
      // the site's storage is blocked: closed on the next page
    }
  }

  function tell(type, detail = {}) {
    frame.contentWindow?.postMessage({ mark: MARK, type, ...detail }, origin);
  }

  function show() {
    frame.classList.toggle("closed", !isOpen);
    button.classList.toggle("open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    const words = unread === 1 ? texts["unread.one"] : texts.unread;
    button.setAttribute("aria-label", isOpen ? texts.close : unread ? words.replace("{count}", unread) : texts.open);
    badge.hidden = isOpen || !unread;
    badge.textContent = unread > 99 ? "99+" : String(unread);
  }

  function setOpen(open) {
    isOpen = open;
    remember();
    show();
    tell(open ? "open" : "close");
    if (open) frame.focus();
    else button.focus();
  }

  function onReady(message) {
    const isColor = (value) => typeof value === "string" && CSS_COLOR.test(value.trim());
    if (isColor(message.color)) host.style.setProperty("--chat", message.color.trim());
    if (isColor(message.onColor)) host.style.setProperty("--on-chat", message.onColor.trim());
    for (const [name, text] of Object.entries(message.texts ?? {})) texts[name] = String(text);
    frame.title = texts.title ?? "";
    ready = true;
    host.hidden = false;
    show();
  }
  const CSS_COLOR = /^(#[0-9a-f]{6}|rgb\(\d+ \d+ \d+\))$/i;

  addEventListener("message", (event) => {
    const message = event.data;
    if (event.origin !== origin || event.source !== frame.contentWindow || message?.mark !== MARK) return;
    if (message.type === "here") tell("hello", { open: isOpen });
    if (message.type === "ready") onReady(message);
    if (!ready) return;
    if (message.type === "unread") {
      unread = Math.max(0, Number(message.count) || 0);
      show();
    }
    if (message.type === "close" && isOpen) setOpen(false);
  });

  button.addEventListener("click", () => setOpen(!isOpen));
  button.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen) setOpen(false);
  });

  const start = () => document.body.append(host);
  if (document.body) start();
  else addEventListener("DOMContentLoaded", start);
})();
