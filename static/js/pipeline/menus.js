// Menus of cards and columns: each drag has its twin here.
import { t } from "../i18n.js";
import { icon } from "../icon.js";
import { openMenu } from "../menu.js";
import { make } from "./nodes.js";
import { focusCard } from "./columns.js";
import { filter } from "./filters.js";
import { board, cards, columnOf, pipelineId, root } from "./model.js";
import { leave, moveCard, moveMany } from "./moves.js";
import { chooseAll, showBar, toggle } from "./select.js";
import { openSide } from "./side.js";

const cardMenu = document.getElementById("card-menu");
const columnMenu = document.getElementById("column-menu");

function item(text, iconName, run, { checked = null, href = null, stay = false } = {}) {
  const made = make(href ? "a" : "button", "dropdown-item", icon(iconName), make("span", "", text));
  if (href) made.href = href;
  else made.type = "button";
  made.tabIndex = -1;
  made.setAttribute("role", checked === null ? "menuitem" : "menuitemradio");
  if (checked !== null) made.setAttribute("aria-checked", String(checked));
  if (stay) made.dataset.menuStay = "";
  if (run) made.addEventListener("click", run);
  return made;
}

const rule = () => Object.assign(make("div", "dropdown-divider"), { role: "separator" });

function open(button, menu, parts, { keyboard = false, back = button } = {}) {
  menu.replaceChildren(...parts);
  button.dataset.menu = menu.id;
  button.setAttribute("aria-haspopup", "menu");
  openMenu(button, { focus: keyboard ? "first" : "none", back });
  delete button.dataset.menu;
}

/** The menu of a card; "move" shows the stages alone. */
export function openCardMenu(button, id, only = null) {
  const card = cards.get(id);
  const column = columnOf(card.stage_id);
  const at = column.ids.indexOf(id);
  const stages = board.columns.map((to) => item(to.name, to.icon || "circle-dot", () => to !== column && moveCard(id, to.id, null, { focus: true }), { checked: to === column }));
  const heading = make("p", "dropdown-header", t("pipeline.move_to"));
  heading.setAttribute("role", "presentation");
  if (only === "move") return open(button, cardMenu, [heading, ...stages], { keyboard: true, back: button.closest("[data-card]") });
  const parts = [item(t("pipeline.open"), "message-circle", () => openSide(id)), item(t("pipeline.open_inbox"), "external-link", null, { href: `/app/inbox/${id}` })];
  if (board.sort === "manual") {
    if (at > 0) parts.push(item(t("pipeline.up"), "arrow-up", () => moveCard(id, column.id, at - 1).then(() => focusCard(id))));
    if (at < column.ids.length - 1) parts.push(item(t("pipeline.down"), "arrow-down", () => moveCard(id, column.id, at + 2).then(() => focusCard(id))));
  }
  parts.push(item(board.selected.has(id) ? t("pipeline.unselect") : t("pipeline.select_it"), "list-check", () => toggle(id)));
  parts.push(rule(), heading, ...stages, rule(), item(t("pipeline.leave"), "x", () => leave(id)));
  return open(button, cardMenu, parts, { keyboard: button.matches(":focus-visible") });
}

function openColumnMenu(button, column) {
  const query = new URLSearchParams(filter());
  const parts = [
    item(t("pipeline.choose_all"), "list-check", () => chooseAll(column)),
    item(t("pipeline.export"), "file-spreadsheet", null, { href: `/app/pipelines/${pipelineId}/stages/${column.id}/export?${query}` }),
  ];
  open(button, columnMenu, parts, { keyboard: button.matches(":focus-visible") });
}

function openBulkMenu(button) {
  const ids = [...board.selected];
  const heading = make("p", "dropdown-header", t("pipeline.move_to"));
  const stages = board.columns.map((to) => item(to.name, to.icon || "circle-dot", () => moveMany(ids, to.id).then(showBar)));
  open(button, cardMenu, [heading, ...stages], { keyboard: button.matches(":focus-visible") });
}

// Capture: menu.js would take the same click for one beside the open menu
root.addEventListener("click", (event) => {
  const card = event.target.closest("[data-card-menu]");
  const column = event.target.closest("[data-column-menu]");
  const bulk = event.target.closest("[data-bulk-move]");
  if (!card && !column && !bulk) return;
  event.stopPropagation();
  if (card) openCardMenu(card, Number(card.dataset.cardMenu));
  if (column) openColumnMenu(column, columnOf(Number(column.dataset.columnMenu)));
  if (bulk) openBulkMenu(bulk);
}, true);

root.querySelector("[data-columns]").addEventListener("click", (event) => {
  const element = event.target.closest("[data-card]");
  if (!element || event.target.closest("button, input")) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) toggle(Number(element.dataset.card));
  else openSide(Number(element.dataset.card));
});
