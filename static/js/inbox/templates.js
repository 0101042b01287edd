// A template as the answer: chosen, filled in, looked at, sent. It goes out after the window has closed as well.
import { ApiError, api, reportError } from "../api.js";
import { makeDialog } from "../dialog.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { head, one, root, state } from "./dom.js";
import { field, fieldsOf, fileOf, made, namedAsHere, valuesOf } from "./template-fields.js";

const SEARCH_AFTER = 250;

function button(text, className, run) {
  const node = made("button", `btn ${className}`, text);
  node.type = "button";
  node.addEventListener("click", run);
  return node;
}

/** Let somebody choose a template for the open conversation. */
async function open() {
  const conversation = state.open;
  const device = head().dataset.device;
  const body = made("div", "stack");
  const dialog = makeDialog(t("inbox.template.title"), [body]);
  dialog.showModal();
  await list(dialog, body, conversation, device);
}

async function list(dialog, body, conversation, device) {
  const search = field("q", t("inbox.template.search"), "search");
  const rows = made("div", "stack");
  rows.setAttribute("role", "list");
  body.replaceChildren(search, rows);
  let timer = 0;
  const load = async () => {
    const words = one("input", search).value;
    try {
      const query = new URLSearchParams({ device_id: device, q: words, limit: 50 });
      const found = await api("GET", `/api/app/broadcasts/templates?${query}`);
      if (words !== one("input", search).value) return;
      rows.replaceChildren(...found.items.map((item) => rowOf(item, () => fill(dialog, body, conversation, device, item))));
      if (!found.items.length) rows.append(made("p", "meta", t("inbox.template.none")));
    } catch (error) {
      reportError(error, load);
    }
  };
  search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(load, SEARCH_AFTER); });
  await load();
  one("input", search).focus();
}

function rowOf(item, run) {
  const row = made("div");
  row.setAttribute("role", "listitem");
  const choose = button("", "btn-ghost template-offer", run);
  choose.append(made("strong", "", item.name), made("span", "meta", item.language ?? ""), made("span", "template-offer-text", item.body));
  row.append(choose);
  return row;
}

function filled(item, values) {
  const marks = item.kind === "meta" ? /\{\{([^{}]*)\}\}/g : /\{([A-Za-z0-9_]{1,60})\}/g;
  return item.body.replace(marks, (whole, name) => values[name.trim()] || whole);
}

function fill(dialog, body, conversation, device, item) {
  const form = made("form", "form stack");
  form.noValidate = true;
  const preview = made("p", "template-offer-preview");
  preview.dir = "auto";
  const draw = () => { preview.textContent = filled(item, valuesOf(form)); };
  const send = made("button", "btn btn-primary", t("inbox.template.send"));
  send.type = "submit";
  const actions = made("div", "dialog-actions");
  actions.append(button(t("inbox.template.back"), "", () => list(dialog, body, conversation, device)), send);
  form.append(made("strong", "", item.name), ...fieldsOf(item), preview, actions);
  form.addEventListener("input", draw);
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`; // of this sending: pressing twice sends once
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    event.stopPropagation();
    submit(dialog, form, send, conversation, { template_id: item.id, variables: valuesOf(form), client_id: id }, fileOf(form));
  });
  body.replaceChildren(form);
  draw();
  (one("input", form) ?? send).focus();
}

function asForm(given, file) {
  const body = new FormData();
  for (const [name, value] of Object.entries(given)) body.append(name, typeof value === "object" ? JSON.stringify(value) : value);
  body.append("file", file);
  return body;
}

async function submit(dialog, form, send, conversation, given, file) {
  const label = send.textContent;
  send.disabled = true;
  if (file) send.textContent = t("inbox.template.uploading");
  try {
    await api("POST", `/api/app/inbox/conversations/${conversation}/messages`, file ? asForm(given, file) : given, { headers: { "Idempotency-Key": given.client_id } });
    dialog.close();
    document.dispatchEvent(new CustomEvent("inbox:sent", { detail: { conversation } }));
  } catch (error) {
    send.disabled = false;
    send.textContent = label;
    if (!(error instanceof ApiError && error.status === 422 && showErrors(form, namedAsHere(error.fields, form)))) reportError(error);
  }
}

root.addEventListener("click", (event) => {
  if (event.target.closest("[data-template-open]")) open();
});
