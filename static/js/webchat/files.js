// Files that are chosen, dropped or pasted, until they are sent.
import { t } from "../i18n.js";
import { el, icon, size } from "./bubble.js";
import { maxFile } from "./store.js";

const MOST = 10;
const REFUSED = /\.(html?|xhtml|svg|xml|m?js|exe|bat|cmd|com|scr|msi|jar|sh|ps1|vbs|lnk|hta)$/i;
const list = document.getElementById("files");
const picker = document.getElementById("picker");
const problem = document.getElementById("problem");
const drop = document.getElementById("drop");
let chosen = []; // {file, preview}

/** Show what is wrong below the field; nothing takes it away. */
export function complain(text = "") {
  problem.textContent = text;
  problem.hidden = !text;
}

/** The chosen files, which are ours no longer. */
export function takeFiles() {
  const taken = chosen;
  chosen = [];
  show();
  return taken;
}

export const hasFiles = () => chosen.length > 0;

function add(files) {
  complain();
  for (const file of files) {
    const trouble = troubleOf(file);
    if (trouble) {
      complain(trouble);
      continue;
    }
    const shown = /^image\/(jpeg|png|gif|webp)$/.test(file.type);
    chosen.push({ file, preview: shown ? URL.createObjectURL(file) : null });
  }
  show();
  document.getElementById("text").focus();
}

/** What the server would refuse for certain; it looks at the bytes in any case. */
function troubleOf(file) {
  const values = { name: file.name };
  if (chosen.length >= MOST) return t("file.too_many", { count: MOST });
  if (file.size > maxFile) return t("file.too_large", values);
  if (!file.size) return t("file.empty", values);
  return REFUSED.test(file.name) ? t("file.refused", values) : null;
}

function show() {
  list.hidden = !chosen.length;
  list.replaceChildren(...chosen.map(item));
  document.dispatchEvent(new CustomEvent("chat:files"));
}

function item(entry) {
  const gone = el("button", { type: "button", class: "gone-button", "aria-label": t("file.remove", { name: entry.file.name }) }, icon("x"));
  gone.addEventListener("click", () => {
    chosen = chosen.filter((one) => one !== entry);
    if (entry.preview) URL.revokeObjectURL(entry.preview);
    show();
    document.getElementById("text").focus();
  });
  const picture = entry.preview ? el("img", { src: entry.preview, alt: "" }) : icon("file-text", 20);
  return el("li", {}, picture, el("span", {}, el("bdi", {}, entry.file.name), el("small", {}, size(entry.file.size))), gone);
}

document.getElementById("attach").addEventListener("click", () => picker.click());
picker.addEventListener("change", () => {
  add(picker.files);
  picker.value = "";
});

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  add(files);
});

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;
document.addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  depth += 1;
  drop.hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (!carriesFiles(event)) return;
  depth = Math.max(0, depth - 1);
  drop.hidden = depth === 0;
});
document.addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  drop.hidden = true;
  add(event.dataTransfer.files);
});
