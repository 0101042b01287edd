// One card as an element. All of one height, so that a column can show only those in view.
import { t } from "../i18n.js";
import { icon } from "../icon.js";
import { shortTime } from "../time.js";
import { board, shortMoney } from "./model.js";
import { make } from "./nodes.js";

const channels = document.querySelector('link[href$="/css/tokens.css"]').href.replace("css/tokens.css", "img/channels.svg");

/** The card's element. */
export function cardElement(card, place, size) {
  const item = make("li", "kcard");
  item.dataset.card = card.id;
  item.tabIndex = -1;
  item.setAttribute("aria-posinset", place);
  item.setAttribute("aria-setsize", size);
  item.setAttribute("aria-describedby", "card-help");
  item.classList.toggle("is-stuck", card.stuck);
  item.classList.toggle("is-unread", card.unread_count > 0);
  item.classList.toggle("is-selected", board.selected.has(card.id));
  item.classList.toggle("is-busy", board.busy.has(card.id));
  item.append(topLine(card), textLine(card), labelLine(card), footLine(card));
  return item;
}

function topLine(card) {
  const name = make("bdi", "kcard-name truncate", card.contact.name);
  const check = make("input", "kcard-check");
  check.type = "checkbox";
  check.tabIndex = -1;
  check.checked = board.selected.has(card.id);
  check.setAttribute("aria-label", t("pipeline.select", { name: card.contact.name }));
  const menu = make("button", "btn btn-ghost btn-icon kcard-menu", icon("dots-vertical", 16));
  menu.type = "button";
  menu.tabIndex = -1;
  menu.dataset.cardMenu = card.id;
  menu.setAttribute("aria-label", t("pipeline.actions", { name: card.contact.name }));
  const unread = card.unread_count > 0 ? make("span", "count", card.unread_count < 100 ? String(card.unread_count) : "99+") : null;
  unread?.append(make("span", "visually-hidden", ` ${t("pipeline.unread")}`));
  return make("div", "kcard-line", check, channelMark(card.device.type), name, unread, menu);
}

function channelMark(type) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "channel-mark");
  svg.setAttribute("width", "16");
  svg.setAttribute("height", "16");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", t(`pipeline.channel.${type}`));
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${channels}#${type}`);
  svg.append(use);
  return svg;
}

function textLine(card) {
  const { text, direction } = card.last_message;
  const words = make("bdi", "", text || t("pipeline.no_message"));
  return make("p", "kcard-text truncate", direction === "out" ? icon("arrow-back-up", 16) : null, words);
}

function labelLine(card) {
  const shown = card.labels.slice(0, 2).map((name) => make("span", "kcard-label truncate", name));
  if (card.labels.length > 2) shown.push(make("span", "meta", `+${card.labels.length - 2}`));
  if (card.deal_value !== null) shown.push(make("span", "kcard-value", shortMoney(card.deal_value)));
  return make("p", "kcard-line kcard-labels", ...shown);
}

function footLine(card) {
  const agent = make("span", "kcard-agent truncate", icon("user", 16), make("bdi", "truncate", card.assignee?.name ?? t("pipeline.nobody")));
  const time = make("span", "kcard-time", card.stuck ? icon("alert-triangle", 16) : icon("clock", 16), since(card.stage_changed_at));
  time.title = card.stuck ? t("pipeline.stuck") : t("pipeline.in_stage");
  if (card.stuck) time.append(make("span", "visually-hidden", ` ${t("pipeline.stuck")}`));
  if (card.last_message.at) agent.title = shortTime(new Date(card.last_message.at));
  return make("div", "kcard-line kcard-foot", agent, time);
}

/** 5m, 2h, 3d: how long it has been here. */
export function since(moment) {
  const minutes = Math.max(0, Math.floor((Date.now() - new Date(moment)) / 60_000));
  if (minutes < 60) return t("pipeline.minutes", { number: minutes });
  if (minutes < 60 * 24) return t("pipeline.hours", { number: Math.floor(minutes / 60) });
  return t("pipeline.days", { number: Math.floor(minutes / 1440) });
}
