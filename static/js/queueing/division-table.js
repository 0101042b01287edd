// The table of divisions and the place of its dialogs: read again after each change.
import { reportError } from "../api.js";
import { fetchFragment, keepsMenu } from "./fragments.js";

const box = document.querySelector("[data-divisions]");
let timer = 0;

export const body = () => box.querySelector("[data-order]");
export const rows = () => [...(body()?.children ?? [])];
export const rowOf = (element) => element.closest("tr[data-id]");

/** Show the table as it is now. soon: at most once in two seconds, and not under somebody's hands. */
export async function reload({ soon = false } = {}) {
  if (soon) {
    timer ||= setTimeout(() => {
      timer = 0;
      if (box.querySelector(".is-lifted") || document.querySelector(".sortable-chosen")) reload({ soon });
      else reload();
    }, 2_000);
    return;
  }
  const fresh = await fetchFragment(box.dataset.rowsUrl);
  if (!fresh) return;
  window.Idiomorph.morph(box, [...fresh.childNodes], { morphStyle: "innerHTML", callbacks: { beforeAttributeUpdated: keepsMenu } });
  window.htmx.process(box);
  document.dispatchEvent(new CustomEvent("divisions:shown"));
}

/** Open a dialog that the server draws, by its address below the page's own. */
export async function fillDialog(path) {
  try {
    await window.htmx.ajax("GET", `/app/settings/divisions/${path}`, { target: "#division-dialog" });
  } catch (error) {
    reportError(error);
  }
}
