// Offered while writing: canned replies after "/", colleagues after "@" in a note; by keyboard or pointer.
import { all, fragment, one, root, state, thread } from "./dom.js";

const box = () => one("[data-canned]", thread() ?? root);
const field = () => one("textarea[data-text]", thread() ?? root);
let asked = null;
let dismissed = "";

const offers = {
  "/": () => "/app/inbox/canned",
  "@": () => (one("[data-composer]", thread())?.dataset.mode === "note" ? `/app/inbox/${state.open}/mentions` : null),
};

/** The sign that begins a word and the letters after it, up to the caret; null without one. */
function typed() {
  const text = field();
  if (text.selectionStart !== text.selectionEnd) return null;
  const found = text.value.slice(0, text.selectionStart).match(/(?:^|\s)(([/@])[\p{L}\p{N}_.-]*)$/u);
  return found && offers[found[2]]() ? found[1] : null;
}

async function offer() {
  const words = typed();
  if (words === null) {
    dismissed = "";
    return hide();
  }
  if (dismissed && words.startsWith(dismissed)) return hide();
  asked?.abort();
  asked = new AbortController();
  const mine = asked;
  try {
    const body = await fragment(`${offers[words[0]]()}?q=${encodeURIComponent(words.slice(1))}`, mine.signal);
    if (mine.signal.aborted || typed() !== words) return;
    box().replaceChildren(...body.childNodes);
    box().hidden = false;
    choose(all("[role=option]", box())[0]);
  } catch (error) {
    // No help is no reason to disturb the writing
    if (error.name !== "AbortError") hide();
  }
}

function hide() {
  asked?.abort();
  if (!box() || box().hidden) return;
  box().hidden = true;
  field().removeAttribute("aria-activedescendant");
}

function choose(item) {
  if (!item) return;
  all("[role=option]", box()).forEach((other) => other.setAttribute("aria-selected", String(other === item)));
  field().setAttribute("aria-activedescendant", item.id);
  item.scrollIntoView({ block: "nearest" });
}

function take(item) {
  const text = field();
  const end = text.selectionStart;
  const start = end - typed().length;
  text.focus();
  text.setRangeText(item.dataset.text, start, end, "end");
  hide();
  text.dispatchEvent(new Event("input", { bubbles: true }));
}

root.addEventListener("input", (event) => event.target.matches("textarea[data-text]") && offer());

// Capture: before the composer sends on Enter
root.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("textarea[data-text]") || box().hidden || event.isComposing) return;
  const items = all("[role=option]", box());
  const now = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") {
    dismissed = typed();
    hide();
  } else if (step && items.length) choose(items[(now + step + items.length) % items.length]);
  else if (["Enter", "Tab"].includes(event.key) && items[now] && !event.shiftKey) take(items[now]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

root.addEventListener("mousedown", (event) => event.target.closest("[data-canned]") && event.preventDefault());

root.addEventListener("click", (event) => {
  const item = event.target.closest("[data-canned] [role=option]");
  if (item) take(item);
  else if (event.target.closest("[data-canned-open]")) {
    const text = field();
    const before = text.value.slice(0, text.selectionStart);
    text.focus();
    text.setRangeText(/(^|\s)$/.test(before) ? "/" : " /", text.selectionStart, text.selectionEnd, "end");
    dismissed = "";
    text.dispatchEvent(new Event("input", { bubbles: true }));
  } else if (!event.target.closest("[data-canned]")) hide();
});

document.addEventListener("inbox:leaving", () => asked?.abort());
