// The conversation beside the board: read, answered, moved, without leaving it.
import { api, reportError } from "../api.js";
import { t } from "../i18n.js";

import { draw, elementOf, focusCard } from "./columns.js";
import { cards, columnOf } from "./model.js";
import { moveCard, put } from "./moves.js";

const pane = document.querySelector("[data-side-pane]");
const panel = document.getElementById("panel");
let openId = null;

export const openedCard = () => openId;

/** Show a card's conversation. */
export async function openSide(id) {
  openId = id;
  panel.hidden = false;
  document.documentElement.classList.add("has-side");
  document.documentElement.dataset.panel = "open";
  await loadSide({ fresh: true });
  pane.querySelector("#side-text:enabled, [data-side-close]")?.focus();
}

/** Load it (again); what somebody types stays. */
export async function loadSide({ fresh = false } = {}) {
  const id = openId;
  if (id === null) return;
  try {
    const response = await fetch(`/app/pipelines/cards/${id}`, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (openId !== id) return;
    if (!response.ok) return closeSide();
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (fresh) pane.replaceChildren(...page.body.childNodes);
    else window.Idiomorph.morph(pane, [...page.body.childNodes], { morphStyle: "innerHTML", ignoreActiveValue: true });
    const scroll = pane.querySelector("[data-side-scroll]");
    scroll.scrollTop = scroll.scrollHeight;
    if (cards.get(id)?.unread_count) api("POST", `/api/app/inbox/conversations/${id}/read`).catch(() => {});
  } catch {
    pane.textContent = t("error.network");
  }
}

export function closeSide() {
  const id = openId;
  openId = null;

  document.documentElement.classList.remove("has-side");
  panel.hidden = true;
  pane.replaceChildren();
  if (id !== null && elementOf(id)) focusCard(id);
}

pane.addEventListener("click", (event) => event.target.closest("[data-side-close]") && closeSide());
pane.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSide();
  if (event.key === "Enter" && !event.shiftKey && event.target.id === "side-text" && !event.isComposing) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

pane.addEventListener("change", async (event) => {
  const id = openId;
  if (event.target.matches("[data-side-stage]")) {
    const went = await moveCard(id, Number(event.target.value));
    if (!went) event.target.value = cards.get(id)?.stage_id ?? "";
    loadSide();
  }
  if (event.target.matches("[data-side-value]")) {
    const value = event.target.value === "" ? null : Number(event.target.value);
    try {
      put(await api("PATCH", `/api/app/conversations/${id}/pipeline`, { deal_value: value }));
      const column = columnOf(cards.get(id)?.stage_id);
      if (column) draw(column);
    } catch (error) {
      event.target.value = event.target.defaultValue;
      reportError(error);
    }
  }
});

pane.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  delete form.dataset.sending;
  const field = form.elements.text;
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  try {
    await api("POST", `/api/app/inbox/conversations/${openId}/messages`, { text }, { headers: { "Idempotency-Key": crypto.randomUUID() } });
    loadSide();
  } catch (error) {
    field.value ||= text;
    reportError(error);
  }
});

panel.hidden = true;

