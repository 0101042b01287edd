// Keywords as chips: a comma or Enter makes one of what was written, Backspace takes the last one back.
import { t } from "../i18n.js";
import { icon } from "../icon.js";

const boxes = (root) => [...root.querySelectorAll("[data-keywords]")];
const list = (box) => box.querySelector("[data-keyword-list]");
const input = (box) => box.querySelector("[data-keyword-input]");

/** The words of the chips. */
export function wordsOf(root) {
  return [...root.querySelectorAll("[data-keyword-list] [data-word]")].map((chip) => chip.dataset.word);
}

/** Make chips of what still stands in the field. */
export function addWord(root) {
  for (const box of boxes(root)) {
    const field = input(box);
    for (const part of field.value.split(/[,;\n]/)) add(box, part.trim().replace(/\s+/g, " "));
    field.value = "";
  }
}

function add(box, word) {
  const known = wordsOf(box);
  if (!word || known.some((other) => other.toLowerCase() === word.toLowerCase())) return;
  if (known.length >= Number(box.dataset.max)) return;
  const chip = document.createElement("li");
  chip.className = "keyword";
  chip.dataset.word = word;
  const text = document.createElement("bdi");
  text.textContent = word;
  const remove = document.createElement("button");
  remove.type = "button";
  remove.dataset.wordRemove = "";
  remove.setAttribute("aria-label", t("divisions.remove_word", { word }));
  remove.append(icon("x", 16));
  chip.append(text, remove);
  list(box).append(chip);
}

/** Turn the fields of a part of the page into chips. */
export function startKeywords(root) {
  for (const box of boxes(root)) {
    const field = input(box);
    field.removeAttribute("maxlength"); // of one word, and a pasted list is longer
    addWord(box.parentElement);
  }
}

document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-keyword-input]") || event.isComposing) return;
  const box = event.target.closest("[data-keywords]");
  if (event.key === "Enter" && event.target.value.trim()) {
    event.preventDefault();
    addWord(box.parentElement);
  }
  if (event.key === "Backspace" && !event.target.value) {
    const last = list(box).lastElementChild;
    if (last) {
      event.preventDefault();
      event.target.value = last.dataset.word;
      last.remove();
    }
  }
});

document.addEventListener("input", ({ target }) => {
  if (target.matches?.("[data-keyword-input]") && /[,;\n]/.test(target.value)) addWord(target.closest("[data-keywords]").parentElement);
});

document.addEventListener("focusout", ({ target }) => {
  if (target.matches?.("[data-keyword-input]")) addWord(target.closest("[data-keywords]").parentElement);
});

document.addEventListener("click", ({ target }) => {
  const remove = target.closest?.("[data-word-remove]");
  if (remove) {
    const field = input(remove.closest("[data-keywords]"));
    remove.closest("[data-word]").remove();
    field.focus();
  } else target.closest?.(".keyword-field")?.querySelector("[data-keyword-input]").focus();
});
