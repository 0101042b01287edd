// What menus and filters offer, brought up to date when labels or people change elsewhere.
import { address, fragment, paced } from "./dom.js";
import { keepsMenuOpen } from "./list.js";

/** Draw the menus anew; one that is open stays open. */
export const refreshChoices = paced(async () => {
  const body = await fragment(address("/menus"));
  for (const fresh of [...body.children]) {
    const old = document.getElementById(fresh.id);
    if (old) window.Idiomorph.morph(old, fresh, { callbacks: { beforeAttributeUpdated: keepsMenuOpen } });
  }
  document.dispatchEvent(new CustomEvent("inbox:choices"));
});
