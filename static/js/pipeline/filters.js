// The filter lives in the address: what is shown can be bookmarked, shared, and kept as a view.
import { api, reportError } from "../api.js";
import { openDialog } from "../dialog.js";
import { showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { icon } from "../icon.js";
import { closeMenu } from "../menu.js";
import { toast, undoable } from "../toast.js";
import { make } from "./nodes.js";
import { board, pipelineId, root } from "./model.js";

const form = root.querySelector("[data-board-filter]");
const MORE = ["channel", "since", "until", "min_value", "max_value", "stuck"];
let timer = 0;
let reload = () => {};

/** The filter as it stands in the form. */
export function filter() {
  const given = Object.fromEntries([...new FormData(form)].filter(([, value]) => String(value).trim() !== ""));
  if (given.sort === "manual") delete given.sort;
  return given;
}

/** An address of the board's API under the filter. */
export function address(name, more = {}) {
  return `/api/app/pipelines/${pipelineId}/${name}?${new URLSearchParams({ ...filter(), ...more })}`;
}

export function onFilter(callback) {
  reload = callback;
}

function show() {
  const given = filter();
  board.sort = given.sort ?? "manual";
  const narrow = Object.keys(given).filter((name) => name !== "sort");
  const more = narrow.filter((name) => MORE.includes(name)).length;
  const badge = form.querySelector("[data-filter-count]");
  badge.hidden = more === 0;
  badge.textContent = more;
  form.querySelector("[data-filter-clear]").hidden = narrow.length === 0;
  root.classList.toggle("is-filtered", narrow.length > 0);
}

function changed() {
  show();
  const query = new URLSearchParams(filter()).toString();
  history.replaceState(history.state, "", query ? `?${query}` : location.pathname);
  reload();
}

form.addEventListener("input", (event) => {
  clearTimeout(timer);
  timer = setTimeout(changed, event.target.matches("select, [type=checkbox], [type=date]") ? 0 : 300);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  delete form.dataset.sending;
  clearTimeout(timer);
  changed();
});
form.querySelector("[data-filter-clear]").addEventListener("click", () => {
  for (const field of form.elements) {
    if (field.type === "checkbox") field.checked = false;
    else if (field.name && field.name !== "sort") field.value = "";
  }
  changed();
});

// --- views --------------------------------------------------------------------------------------

const views = root.querySelector("[data-views]");
const viewForm = document.querySelector("[data-view-form]");

views.addEventListener("click", async (event) => {
  if (event.target.closest("[data-view-keep]")) {
    closeMenu();
    openDialog(viewForm.closest("dialog"));
  }
  const gone = event.target.closest("[data-view-delete]");
  if (!gone) return;
  event.stopPropagation();
  try {
    await api("DELETE", `/api/app/pipelines/views/${gone.dataset.viewDelete}`);
    const row = gone.closest(".view-row");
    const name = row.querySelector("bdi").textContent;
    const query = Object.fromEntries(new URLSearchParams(row.querySelector("a").search));
    row.remove();
    undoable(t("pipeline.view_gone", { name }), async () => addView(await api("POST", `/api/app/pipelines/${pipelineId}/views`, { name, query })));
  } catch (error) {
    reportError(error);
  }
});

viewForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  delete viewForm.dataset.sending;
  try {
    const kept = await api("POST", `/api/app/pipelines/${pipelineId}/views`, { name: viewForm.elements.name.value, query: filter() });
    addView(kept);
    viewForm.closest("dialog").close();
    viewForm.reset();
    toast(t("pipeline.view_kept"), { kind: "success" });
  } catch (error) {
    if (!showErrors(viewForm, error.fields ?? {})) reportError(error);
  }
});

function addView({ id, name, query }) {
  views.querySelector("[data-no-views]")?.remove();
  const link = make("a", "dropdown-item", make("bdi", "", name));
  link.href = `?${new URLSearchParams(query)}`;
  const gone = make("button", "btn btn-ghost btn-icon btn-sm", icon("x", 16));
  gone.type = "button";
  gone.dataset.viewDelete = id;
  gone.setAttribute("aria-label", t("pipeline.view_delete", { name }));
  views.querySelector("[data-view-keep]").before(make("span", "view-row", link, gone));
}

show();
