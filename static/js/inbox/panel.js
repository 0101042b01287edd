// The side panel: loaded when it is open, changed where it stands.
import { api, reportError } from "../api.js";
import { icon } from "../icon.js";
import { t } from "../i18n.js";
import { toast } from "../toast.js";
import { fragment, fromTemplate, one, state } from "./dom.js";

const pane = one("[data-panel-pane]");
const frame = one("#panel");
const isOpen = () => document.documentElement.dataset.panel === "open";
let loading = null;

/** Load the panel of the open conversation, if it can be seen; not while somebody types in it. */
export async function loadPanel({ fresh = false } = {}) {
  frame.classList.toggle("is-empty", !state.open);
  if (!state.open || !isOpen()) return;
  const id = state.open;
  const shown = one("[data-side]", pane)?.dataset.side === String(id);
  if (shown && !fresh && pane.contains(document.activeElement) && document.activeElement.matches("input")) return;
  loading?.abort();
  loading = new AbortController();
  if (!shown) pane.replaceChildren(fromTemplate("panel-skeleton"));
  try {
    const body = await fragment(`/app/inbox/${id}/panel`, loading.signal);
    if (state.open !== id) return;
    if (shown) window.Idiomorph.morph(pane, [...body.childNodes], { morphStyle: "innerHTML", ignoreActiveValue: true });
    else {
      pane.replaceChildren(...body.childNodes);
      frame.scrollTop = 0;
    }
  } catch (error) {
    if (error.name !== "AbortError" && !shown) reportError(error, () => loadPanel());
  }
}

const contact = () => `/api/app/contacts/${one("[data-side]", pane).dataset.contact}`;

/** Save a change of the contact. `version`: which one it was made on, by default the one shown. */
async function save(input, body, version = one("[data-side]", pane).dataset.contactVersion) {
  input.removeAttribute("aria-invalid");
  one(".invalid-feedback", input.parentElement)?.remove();
  input.dataset.saving = "";
  try {
    const saved = await api("PATCH", contact(), { ...body, version });
    one("[data-side]", pane).dataset.contactVersion = saved.version;
    input.defaultValue = input.value;
    input.dataset.saved = "";
    setTimeout(() => delete input.dataset.saved, 1500);
    loadPanel();
  } catch (error) {
    const reason = Object.values(error.fields ?? {}).flat().join(" ");
    if (error.code === "changed_meanwhile") askAgain(input, body, error.body.error);
    else if (reason) showError(input, reason);
    else {
      input.value = input.defaultValue;
      reportError(error, null);
    }
  }
  delete input.dataset.saving;
}

/** Somebody else was quicker: theirs is said, ours stays where it was typed and can be kept. */
function askAgain(input, body, { version, current, changed_by: name }) {
  const theirs = Object.values(current).map((value) => (typeof value === "string" ? value : Object.values(value ?? {}).join(", ")) || "–").join(", ");
  toast(t("inbox.changed_meanwhile", { name: name ?? t("inbox.somebody"), value: theirs.slice(0, 100) }), {
    kind: "error",
    action: { label: t("inbox.keep_mine"), run: () => save(input, body, version) },
  });
}

function showError(input, reason) {
  input.setAttribute("aria-invalid", "true");
  const note = document.createElement("div");
  note.className = "invalid-feedback";
  note.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = reason;
  note.append(icon("alert-circle", 16), words);
  input.after(note);
}

/** The custom fields as they are now at the server, changed a little. */
async function changeFields(change, input) {
  try {
    const { custom_fields: fields, version } = await api("GET", contact());
    change(fields);
    await save(input, { custom_fields: fields }, version);
    loadPanel({ fresh: true });
  } catch (error) {
    reportError(error, () => changeFields(change, input));
  }
}

pane.addEventListener("change", ({ target }) => {
  const value = target.value.trim();
  if (value === target.defaultValue.trim()) return;
  if (target.dataset.contactField) save(target, { [target.dataset.contactField]: value });
  if (target.dataset.customField) changeFields((fields) => (fields[target.dataset.customField] = value), target);
});

pane.addEventListener("keydown", (event) => {
  if (!event.target.matches(".inline-input")) return;
  if (event.key === "Enter") event.target.blur();
  if (event.key === "Escape") {
    event.target.value = event.target.defaultValue;
    event.target.blur();
    event.stopPropagation();
  }
});

pane.addEventListener("click", (event) => {
  const remove = event.target.closest("[data-custom-remove]");
  const form = one("[data-custom-form]", pane);
  if (remove) changeFields((fields) => delete fields[remove.dataset.customRemove], one("input", remove.parentElement));
  if (event.target.closest("[data-custom-add]")) {
    form.hidden = false;
    form.elements.name.focus();
  }
  if (event.target.closest("[data-custom-cancel]")) form.hidden = true;
});

pane.addEventListener("submit", (event) => {
  event.preventDefault();
  const { name, value } = event.target.elements;
  const key = name.value.trim();
  if (!key) return;
  changeFields((fields) => (fields[key] = value.value.trim()), name);
  delete event.target.dataset.sending;
});

document.addEventListener("inbox:opened", () => loadPanel());
document.addEventListener("inbox:closed", () => {
  pane.replaceChildren();
  loadPanel();
});
// Opened by its button: only now is it worth asking for
new MutationObserver(() => loadPanel()).observe(document.documentElement, { attributeFilter: ["data-panel"] });

