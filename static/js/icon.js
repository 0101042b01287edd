// Icons for elements that scripts make; templates use the macro icon().

const known = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0];
// A page without a single icon still finds the sprite: it lies beside this script's folder
const sprite = known || new URL("../vendor/icons.svg", import.meta.url).pathname;

/** An <svg> that shows the named icon. */
export function icon(name, size = 20) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", size === 20 ? "icon" : `icon icon-${size}`);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
