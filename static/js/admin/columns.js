// Which columns a list shows: chosen in its menu, kept in this browser, per list.

const table = document.querySelector("[data-list]");
const key = table && `cloudchat.columns.${table.dataset.list}`;

function hiddenColumns() {
  const first = table.dataset.hiddenFirst.split(" ").filter(Boolean);
  try {
    return new Set(JSON.parse(localStorage.getItem(key)) ?? first);
  } catch {
    return new Set(first); // storage is switched off, or holds something else
  }
}

function show(hidden) {
  for (const cell of table.querySelectorAll("[data-column]")) {
    cell.hidden = hidden.has(cell.dataset.column);
  }
  for (const box of document.querySelectorAll("[data-column-toggle]")) {
    box.checked = !hidden.has(box.dataset.columnToggle);
  }
}

document.addEventListener("change", (event) => {
  const name = event.target.dataset?.columnToggle;
  if (!name || !table) return;
  const hidden = hiddenColumns();
  if (event.target.checked) hidden.delete(name);
  else hidden.add(name);
  try {
    localStorage.setItem(key, JSON.stringify([...hidden]));
  } catch {
    // it holds until the page is left
  }
  show(hidden);
});

if (document.querySelector("[data-column-toggle]")) show(hiddenColumns());
