// May something be sent at this moment? Shown before anybody types.
import { t } from "../i18n.js";
import { head, one, root } from "./dom.js";

const form = () => one("[data-composer]", root);

/** Why a reply cannot be sent: "device", "resolved", "window", or nothing. */
function obstacle() {
  const { blocked, windowEnds } = head()?.dataset ?? {};
  if (blocked) return blocked;
  return windowEnds && new Date(windowEnds) <= new Date() ? "window" : "";
}

export const canReply = () => !obstacle();

/** Show how long the window is open, or what is in the way. */
export function refreshWindow() {
  const box = form();
  if (!box || !head()) return;
  const reason = obstacle();
  const note = box.dataset.mode === "note";
  const closed = one("[data-closed]", box);
  closed.hidden = !reason || note;
  one("[data-field]", box).hidden = Boolean(reason) && !note;
  const template = one("[data-template-open]", closed);
  const words = reason === "window" && template ? "window_template" : reason;
  if (reason) one("[data-closed-text]", closed).textContent = t(`inbox.closed.${words}`);
  one("[data-closed-reopen]", closed).hidden = reason !== "resolved";
  if (template) template.hidden = reason !== "window";
  showRest(one("[data-window]", box), reason);
}

function showRest(chip, reason) {
  const ends = head().dataset.windowEnds;
  chip.hidden = !ends || reason === "device" || reason === "resolved";
  if (chip.hidden) return;
  const minutes = Math.floor((new Date(ends) - Date.now()) / 60_000);
  const key = minutes <= 0 ? "closed" : minutes < 60 ? "minutes" : "hours";
  one("span", chip).textContent = t(`inbox.window.${key}`, { count: key === "hours" ? Math.floor(minutes / 60) : minutes });
  chip.title = t("inbox.window.why");
  chip.classList.toggle("is-short", minutes > 0 && minutes < 120);
  chip.classList.toggle("is-closed", minutes <= 0);
}

setInterval(refreshWindow, 20_000);
