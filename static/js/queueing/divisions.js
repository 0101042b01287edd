// The page of the divisions. An entry: the page links it, no module imports it.
import "./division-form.js";
import "./division-order.js";
import { api, attempt } from "../api.js";
import { fillDialog, reload, rowOf } from "./division-table.js";

const table = document.querySelector("[data-divisions]");

// The switch acts at once; only with people waiting there is something to ask
table.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-active]")) return undefined;
  const row = rowOf(target);
  const on = target.checked;
  if (on || !Number(row.dataset.waiting)) return void attempt(() => save(row, { is_active: on }), { rollback: () => (target.checked = !on) });
  target.checked = true;
  return fillDialog(`${row.dataset.id}/removal?action=off`);
});

async function save(row, body) {
  await api("PUT", `/api/app/divisions/${row.dataset.id}`, body);
  await reload();
}

// How many wait is shown live
for (const name of ["queue:updated", "connected"]) document.addEventListener(`cloudchat:${name}`, () => reload({ soon: true }));
