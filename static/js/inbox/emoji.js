// The emoji menu: arrows walk its grid, a sign goes to where the caret was.
import { insert } from "./composer.js";
import { all, one } from "./dom.js";

const menu = one("#emoji-menu");
const COLUMNS = 8;

menu.addEventListener("click", (event) => {
  const sign = event.target.closest("[data-emoji]");
  if (sign) insert(sign.dataset.emoji);
});

// Capture: the menu itself knows only up and down
document.addEventListener("keydown", (event) => {
  const now = document.activeElement;
  if (!menu.contains(now)) return;
  const signs = all("[data-emoji]", menu);
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
  if (!step) return;
  event.preventDefault();
  event.stopPropagation();
  signs[Math.min(signs.length - 1, Math.max(0, signs.indexOf(now) + step))]?.focus();
}, true);
