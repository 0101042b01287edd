// Files for the next message: chosen, dropped or pasted; checked before they are sent.
import { t } from "../i18n.js";
import { all, fromTemplate, one, root, thread } from "./dom.js";

const MOST = 10;
const KINDS = ["image", "audio", "video"];
const NEVER = /\.(html?|xhtml|svg|xml|js|mjs|exe|bat|cmd|com|scr|msi|jar|sh|ps1|vbs|lnk|hta)$/i;
let chosen = [];

const form = () => one("[data-composer]", thread() ?? root);
const list = () => one("[data-files]", form());

export const hasFiles = () => chosen.length > 0;

/** The files to send, or null while one of them cannot be. */
export const filesToSend = () => (chosen.some((item) => item.error) ? null : chosen.map((item) => item.file));

/** Forget what was chosen. */
export function clearFiles() {
  chosen.forEach(release);
  chosen = [];
  draw();
}

/** Add files; what the channel does not take is shown with the reason. */
export function addFiles(files) {
  for (const file of files) {
    const error = chosen.length >= MOST ? t("inbox.file.too_many", { count: MOST }) : problem(file);
    chosen.push({ file, error, url: error || !file.type.startsWith("image/") ? null : URL.createObjectURL(file) });
  }
  draw();
}

function problem(file) {
  const limits = JSON.parse(form().dataset.media);
  const types = JSON.parse(form().dataset.mediaTypes);
  const kind = KINDS.find((name) => file.type.startsWith(`${name}/`)) ?? "document";
  if (NEVER.test(file.name)) return t("inbox.file.type");
  if (!file.size) return t("inbox.file.empty");
  if (!limits[kind] || (types[kind] && file.type && !types[kind].includes(file.type))) return t("inbox.file.type");
  return file.size > limits[kind] ? t("inbox.file.size", { size: words(limits[kind]) }) : null;
}

const words = (size) => (size < 1024 * 1024 ? `${Math.max(1, Math.round(size / 1024))} KB` : `${(size / 1024 / 1024).toFixed(size % 1048576 ? 1 : 0)} MB`);

function draw() {
  const box = list();
  if (!box) return;
  box.replaceChildren(...chosen.map(drawOne));
  box.hidden = !chosen.length;
  document.dispatchEvent(new CustomEvent("inbox:files"));
}

function drawOne(item) {
  const made = fromTemplate("file").firstElementChild;
  one("[data-name]", made).textContent = item.file.name;
  one("[data-size]", made).textContent = words(item.file.size);
  const error = one("[data-error]", made);
  error.hidden = !item.error;
  error.textContent = item.error ?? "";
  made.classList.toggle("is-bad", Boolean(item.error));
  if (item.url) {
    const picture = document.createElement("img");
    picture.src = item.url;
    picture.alt = "";
    one("[data-picture]", made).replaceChildren(picture);
  }
  one("[data-remove]", made).addEventListener("click", () => {
    release(item);
    chosen = chosen.filter((other) => other !== item);
    draw();
    one("textarea", form()).focus();
  });
  return made;
}

function release(item) {
  if (item.url) URL.revokeObjectURL(item.url);
}

const takesFiles = () => form() && form().dataset.mode !== "note" && !one("[data-field]", form()).hidden;

root.addEventListener("change", (event) => {
  if (!event.target.matches("[data-file-input]")) return;
  addFiles(event.target.files);
  event.target.value = "";
});

root.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length || !event.target.matches("textarea[data-text]") || !takesFiles()) return;
  event.preventDefault();
  addFiles(files);
});

// --- drag and drop, anywhere over the thread ---------------------------------------------------------

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") && event.target.closest?.("[data-thread]") && takesFiles();
let leaving = 0;

root.addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  clearTimeout(leaving);
  one("[data-drop]", form()).hidden = false;
  // dragleave comes for every child: gone is who has not been seen for a moment
  leaving = setTimeout(hideDrop, 300);
});

root.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  hideDrop();
  addFiles(event.dataTransfer.files);
  one("textarea", form()).focus();
});

function hideDrop() {
  all("[data-drop]", root).forEach((box) => (box.hidden = true));
}

document.addEventListener("inbox:leaving", clearFiles);
