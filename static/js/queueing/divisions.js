// The page of the divisions. An entry: the page links it, no module imports it.
import "./division-form.js";
import "./division-order.js";
import { api, attempt } from "../api.js";
import { fillDialog, reload, rowOf } from "./division-table.js";

const table = document.querySelector("[data-divisions]");

// The switch acts at once; only with people waiting there is something to ask
table.addEventListener("change", async ({ target }) => {
  if (!target.matches("[data-active]")) return;
  const row = rowOf(target);
  const on = target.checked;
  if (on) return void attempt(() => save(row, { is_active: true }), { rollback: () => (target.checked = false) });
  try {
    await save(row, { is_active: false });
  } catch (error) {
    target.checked = true;
    if (error.code === "people_waiting") await fillDialog(`${row.dataset.id}/removal?action=off`);
    else attempt(() => Promise.reject(error));
  }
});

async function save(row, body) {
  await api("PUT", `/api/app/divisions/${row.dataset.id}`, body);
  await reload();
}

// How many wait is shown live
for (const name of ["queue:updated", "connected"]) document.addEventListener(`cloudchat:${name}`, () => reload({ soon: true }));
