// Lists: a click on a row opens it, filters apply by themselves, checkboxes bring up the bulk bar.

const NAMES = 3; // so many are named in a question; the others are counted

document.addEventListener("click", (event) => {
  const row = event.target.closest?.("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, select")) return;
  if (getSelection()?.toString()) return; // text was being selected
  if (event.ctrlKey || event.metaKey) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
});

for (const form of document.querySelectorAll("[data-auto-submit]")) {
  form.querySelector("[data-apply]")?.classList.add("visually-hidden");
  form.addEventListener("change", (event) => {
    if (event.target.matches("select, [type=date]")) form.requestSubmit();
  });
  // Empty filters stay out of the address
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name);
  });
}

const bar = document.querySelector("[data-bulk]");
const all = document.querySelector("[data-check-all]");
const boxes = [...document.querySelectorAll("[data-check]")];

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

function namesOf(chosen) {
  const names = chosen.slice(0, NAMES).map((box) => box.dataset.name).join(", ");
  const count = chosen.length - NAMES;
  return count > 0 ? fill(bar.dataset.more, { names, count }) : names;
}

function refresh() {
  const chosen = boxes.filter((box) => box.checked);
  bar.hidden = chosen.length === 0;
  all.checked = chosen.length === boxes.length;
  all.indeterminate = chosen.length > 0 && !all.checked;
  bar.querySelector("[data-selected]").textContent = fill(bar.dataset.count, { count: chosen.length });
  for (const button of bar.querySelectorAll("[data-question]")) {
    button.dataset.confirm = fill(button.dataset.question, { names: namesOf(chosen) });
  }
  for (const box of boxes) box.closest("tr").setAttribute("aria-selected", String(box.checked));
}

function check(value) {
  for (const box of boxes) box.checked = value;
  refresh();
}

if (bar) {
  document.addEventListener("change", (event) => {
    if (event.target === all) check(all.checked);
    else if (event.target.matches("[data-check]")) refresh();
  });
  bar.querySelector("[data-uncheck]").addEventListener("click", () => check(false));
  refresh(); // going back in history keeps checkboxes
}
