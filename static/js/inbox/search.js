// The search of the top bar narrows the list while one types.
import { one } from "./dom.js";
import { refine } from "./list.js";

const field = one(".search input[name=q]");
let timer = 0;

function apply() {
  clearTimeout(timer);
  const now = new URLSearchParams(location.search).get("q") ?? "";
  if (field.value.trim() !== now) refine({ q: field.value.trim(), status: null }, { replace: Boolean(now) });
}

field?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(apply, 300);
});
field?.form.addEventListener("submit", (event) => {
  event.preventDefault();
  delete field.form.dataset.sending;
  apply();
});
document.addEventListener("inbox:list", () => {
  if (document.activeElement !== field && field) field.value = new URLSearchParams(location.search).get("q") ?? "";
});
