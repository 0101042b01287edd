// The sidebar: narrow or wide on a desk, off-canvas on a phone; and the panel on the right.
import { t } from "./i18n.js";

const root = document.documentElement;
const sidebar = document.querySelector("[data-sidebar]");
const isPhone = matchMedia("(max-width: 767.98px)");

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // storage is switched off: it holds for this page
  }
}

function markCollapsed() {
  const collapsed = root.dataset.sidebar === "collapsed";
  for (const button of document.querySelectorAll("[data-sidebar-collapse]")) {
    const text = t(collapsed ? "sidebar.expand" : "sidebar.collapse");
    button.setAttribute("aria-expanded", String(!collapsed));
    button.setAttribute("aria-label", text);
    button.title = text;
    const use = button.querySelector("use");
    const sprite = use?.getAttribute("href").split("#")[0];
    use?.setAttribute("href", `${sprite}#layout-sidebar-left-${collapsed ? "expand" : "collapse"}`);
  }
}

function toggleCollapsed() {
  const collapsed = root.dataset.sidebar !== "collapsed";
  if (collapsed) root.dataset.sidebar = "collapsed";
  else delete root.dataset.sidebar;
  remember("cloudchat.sidebar", collapsed ? "collapsed" : "wide");
  markCollapsed();
}

/** Slide the menu in or out on a phone; what lies behind cannot be reached meanwhile. */
export function setMenuOpen(open) {
  const opener = document.querySelector("[data-sidebar-open]");
  sidebar.classList.toggle("is-open", open);
  opener?.setAttribute("aria-expanded", String(open));
  for (const part of document.querySelectorAll(".topbar, .main, .panel")) part.inert = open;
  if (open) sidebar.querySelector("a[aria-current], a")?.focus();
  else if (sidebar.contains(document.activeElement) || document.activeElement === document.body) opener?.focus();
}

/** Show or hide the panel on the right. Remembered only where it lies beside the content. */
export function setPanelOpen(open) {
  root.dataset.panel = open ? "open" : "closed";
  if (matchMedia("(min-width: 1100px)").matches) remember("cloudchat.panel", open ? "open" : "closed");
  for (const button of document.querySelectorAll("[data-panel-toggle]")) button.setAttribute("aria-expanded", String(open));
}

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest?.(selector);
  if (hit("[data-sidebar-collapse]")) toggleCollapsed();
  if (hit("[data-sidebar-open]")) setMenuOpen(true);
  if (hit("[data-sidebar-close]") || (isPhone.matches && hit(".sidebar-nav a"))) setMenuOpen(false);
  if (hit("[data-panel-toggle]")) setPanelOpen(root.dataset.panel === "closed");
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && sidebar?.classList.contains("is-open")) setMenuOpen(false);
});

isPhone.addEventListener("change", () => setMenuOpen(false));
for (const button of document.querySelectorAll("[data-panel-toggle]")) {
  button.setAttribute("aria-expanded", String(root.dataset.panel !== "closed"));
}
markCollapsed();
document.querySelector(".settings-nav [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
