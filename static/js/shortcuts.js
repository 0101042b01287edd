// Keyboard shortcuts: a registry, elements that name theirs, sequences like "g i", and the list under "?".
import { makeDialog } from "./dialog.js";
import { t } from "./i18n.js";

const KEY = "cloudchat.shortcuts";
const SEQUENCE_MS = 1200;
const registered = new Map();
let typed = [];
let timer = 0;

/** Register keys: "r", "?", "Escape", "g i" (one after the other), "mod+Enter" (Ctrl, or Cmd on a Mac).
 *  inFields: also while typing. Answers a function that takes it back. */
export function register(keys, label, run, { group = t("shortcuts.page"), inFields = false } = {}) {
  registered.set(keys, { keys, label, run, group, inFields });
  return () => registered.delete(keys);
}

/** All shortcuts that work on this page now. */
export function listShortcuts() {
  const declared = [...document.querySelectorAll("[data-shortcut]")].map((element) => ({
    keys: element.dataset.shortcut,
    label: element.dataset.shortcutLabel || element.ariaLabel || element.title || element.textContent.trim(),
    group: element.dataset.shortcutGroup || t(element.closest(".sidebar, .topbar") ? "shortcuts.general" : "shortcuts.page"),
    run: () => use(element),
  }));
  const unique = new Map(declared.map((entry) => [entry.keys, entry]));
  registered.forEach((entry, keys) => unique.set(keys, entry));
  return [...unique.values()];
}

function use(element) {
  if (!element.matches("input, textarea, select")) return element.click();
  element.focus();
  return element.select?.();
}

function enabled() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

function isTyping(target) {
  return target.isContentEditable || target.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");
}

function nameOf(event) {
  if (event.altKey) return null;
  const modifier = event.ctrlKey || event.metaKey ? "mod+" : "";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return modifier + key;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  const name = nameOf(event);
  if (!name || ["Shift", "Control", "Meta", "mod+Control", "mod+Meta"].includes(name)) return;
  const inField = isTyping(event.target);
  if (document.querySelector("dialog[open]") || document.querySelector(".dropdown-menu.show")) return;
  typed = inField || name.startsWith("mod+") ? [name] : [...typed.slice(-1), name];
  clearTimeout(timer);
  timer = setTimeout(() => (typed = []), SEQUENCE_MS);
  const entry = find(inField);
  // Letters alone can be switched off for people who dictate; combinations and Escape stay
  if (!entry || (!enabled() && !/^(mod\+|Escape)/.test(entry.keys))) return;
  typed = [];
  event.preventDefault();
  entry.run(event);
});

function find(inField) {
  const entries = listShortcuts().filter((entry) => !inField || entry.inFields);
  return entries.find((entry) => entry.keys === typed.join(" ")) || entries.find((entry) => entry.keys === typed.at(-1));
}

/** Show the list of the shortcuts of this page. */
export function showShortcuts() {
  const groups = Object.groupBy(listShortcuts(), (entry) => entry.group);
  const parts = Object.entries(groups).flatMap(([title, entries]) => [make("h3", "mb-2", title), makeList(entries)]);
  makeDialog(t("shortcuts.title"), [...parts, makeSwitch()]).showModal();
}

function makeList(entries) {
  const list = make("dl", "shortcut-list");
  for (const { keys, label } of entries) {
    const definition = make("dd");
    keys.split(" ").forEach((key, index) => {
      if (index) definition.append(make("span", "meta", t("shortcuts.then")));
      definition.append(make("kbd", "", key.replace("mod+", /Mac/.test(navigator.platform) ? "⌘ " : "Ctrl ").replace("Escape", "Esc")));
    });
    list.append(make("dt", "", label), definition);
  }
  return list;
}

function makeSwitch() {
  const label = make("label", "switch");
  const input = make("input");
  Object.assign(input, { type: "checkbox", checked: enabled() });
  input.setAttribute("role", "switch");
  input.addEventListener("change", () => localStorage.setItem(KEY, input.checked ? "on" : "off"));
  label.append(input, make("span", "", t("shortcuts.enabled")));
  return label;
}

function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

document.addEventListener("click", (event) => event.target.closest?.("[data-shortcuts-open]") && showShortcuts());
register("?", t("shortcuts.help"), showShortcuts, { group: t("shortcuts.general") });
