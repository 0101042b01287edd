// Light, dark, or as the system: kept in this browser; early.js applies it before the first paint.

const KEY = "cloudchat.theme";

/** What was chosen: light, dark or system. */
export function chosenTheme() {
  return document.documentElement.dataset.theme || "system";
}

/** Choose, show and remember. */
export function setTheme(name) {
  const root = document.documentElement;
  if (name === "light" || name === "dark") root.dataset.theme = name;
  else delete root.dataset.theme;
  try {
    if (name === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, name);
  } catch {
    // storage is switched off: the choice holds for this page
  }
  mark();
  document.dispatchEvent(new CustomEvent("cloudchat:theme", { detail: { theme: name } }));
}

function mark() {
  for (const item of document.querySelectorAll("[data-theme-set]")) {
    item.setAttribute("aria-checked", String(item.dataset.themeSet === chosenTheme()));
  }
}

document.addEventListener("click", (event) => {
  const item = event.target.closest?.("[data-theme-set]");
  if (item) setTheme(item.dataset.themeSet);
});

// Another tab of this browser chose
addEventListener("storage", (event) => {
  if (event.key === KEY && (event.newValue || "system") !== chosenTheme()) setTheme(event.newValue || "system");
});

mark();
