// The board's entry: each behaviour is a module of its own.
import { t } from "../i18n.js";
import { register } from "../shortcuts.js";
import { drawBoard, focusCard, state } from "./columns.js";
import { board } from "./model.js";
import "./filters.js";
import "./drag.js";
import "./keys.js";
import "./menus.js";
import "./live.js";
import "./add.js";

drawBoard();
register("j", t("pipeline.to_cards"), () => {
  const first = state.focused ?? board.columns.find((column) => column.ids.length)?.ids[0];
  if (first !== undefined) focusCard(first);
});
