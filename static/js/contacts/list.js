// The table of contacts: rows that open, a selection, and what is done with it.
import { api, attempt } from "../api.js";
import { confirmDialog } from "../dialog.js";
import { addTexts, t } from "../i18n.js";
import { register } from "../shortcuts.js";
import { refreshTimes } from "../time.js";
import { toast } from "../toast.js";
import "./filters.js";
import "./pairs.js";

addTexts(JSON.parse(document.getElementById("contacts-texts").textContent));

const bar = document.getElementById("contact-bulk");
const chosen = new Set();
let last = null;

const boxes = () => [...document.querySelectorAll('#contact-rows input[name="ids"]')];

// --- opening and moving ------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("#contact-rows tr[data-href]");
  if (!row || event.target.closest("a, button, input, .pick") || getSelection().toString()) return;
  if (event.metaKey || event.ctrlKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
});

function move(step) {
  const links = [...document.querySelectorAll("#contact-rows .contact-name")];
  const now = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  links[Math.min(links.length - 1, Math.max(0, now + step))]?.focus();
}

register("j", t("contacts.next"), () => move(1));
register("k", t("contacts.previous"), () => move(-1));

// --- the selection -----------------------------------------------------------------------------

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) {
    boxes().forEach((box) => set(box, event.target.checked));
  } else if (event.target.matches('#contact-rows input[name="ids"]')) {
    set(event.target, event.target.checked);
    last = event.target;
  } else {
    return;
  }
  show();
});

// Shift and a click: everything between the last box and this one
document.addEventListener("click", (event) => {
  if (!event.shiftKey || !last?.isConnected || !event.target.matches?.('#contact-rows input[name="ids"]')) return;
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(event.target)].sort((a, b) => a - b);
  all.slice(from, to + 1).forEach((box) => set(box, event.target.checked));
});

function set(box, on) {
  box.checked = on;
  box.closest("tr").setAttribute("aria-selected", String(on));
  if (on) chosen.add(Number(box.value));
  else chosen.delete(Number(box.value));
}

/** What the page shows follows the selection; rows that left it are no longer selected. */
function show() {
  const all = boxes();
  const present = new Set(all.map((box) => Number(box.value)));
  chosen.forEach((id) => present.has(id) || chosen.delete(id));
  all.forEach((box) => set(box, chosen.has(Number(box.value))));
  bar.hidden = chosen.size === 0;
  bar.querySelector("[data-bulk-count]").textContent = t("contacts.selected", { count: chosen.size });
  const head = document.querySelector("[data-select-all]");
  if (!head) return;
  head.checked = all.length > 0 && chosen.size === all.length;
  head.indeterminate = chosen.size > 0 && chosen.size < all.length;
}

function clear() {
  chosen.clear();
  show();
}

document.addEventListener("htmx:afterSettle", show);
addEventListener("pageshow", show);

// --- what is done with it ----------------------------------------------------------------------

bar.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if ("bulkClear" in button.dataset) clear();
  if ("bulkDelete" in button.dataset) remove();
  if (button.dataset.bulkLabel) label(button.dataset.bulkLabel, Number(button.dataset.label));
  if (button.dataset.bulkExport) exportChosen(button.dataset.bulkExport);
});

async function label(action, labelId) {
  const ids = [...chosen];
  const done = await attempt(() => api("POST", "/api/app/contacts/labels", { ids, [action]: [labelId] }));
  if (done) await refresh(ids);
}

/** Draw these rows anew, where they stand. */
async function refresh(ids) {
  for (let start = 0; start < ids.length; start += 200) {
    const part = ids.slice(start, start + 200);
    const response = await fetch(`/app/contacts/rows?ids=${part.join(",")}`, { headers: { "HX-Request": "true" } });
    if (!response.ok) return;
    const holder = document.createElement("template");
    holder.innerHTML = await response.text();
    for (const row of holder.content.querySelectorAll("tr[id]")) {
      const old = document.getElementById(row.id);
      old?.replaceWith(row);
      window.htmx.process(row);
    }
  }
  refreshTimes(document.getElementById("contact-rows"));
  show();
}

async function remove() {
  const ids = [...chosen];
  const count = ids.length;
  const yes = await confirmDialog(t("contacts.delete", { count }), { label: t("contacts.delete_label"), danger: true });
  if (!yes) return;
  const done = await attempt(() => api("POST", "/api/app/contacts/delete", { ids }));
  if (!done) return;
  clear();
  toast(t("contacts.deleted", { count: done.count }), { kind: "success" });
  await window.htmx.ajax("GET", location.href, { target: "#contact-list", select: "#contact-list", swap: "outerHTML" });
}

function exportChosen(format) {
  const form = document.getElementById("export-chosen");
  form.querySelectorAll('[name="ids"]').forEach((input) => input.remove());
  form.elements.format.value = format;
  for (const id of chosen) {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "ids", value: id });
    form.append(input);
  }
  // A download answers without leaving the page, and another one may follow at once
  delete form.dataset.sending;
  form.requestSubmit();
}

// --- the export menu follows the filter --------------------------------------------------------

document.addEventListener("htmx:afterSettle", () => {
  const query = JSON.parse(document.getElementById("contact-list")?.dataset.exportQuery ?? "{}");
  for (const link of document.querySelectorAll("a[data-export]")) {
    const parameters = new URLSearchParams({ format: link.dataset.export });
    for (const [name, value] of Object.entries(query)) if (value !== null) parameters.set(name, value);
    link.href = `${link.pathname}?${parameters}`;
  }
});
