// Menus under buttons, for pointer and keyboard. A button names its menu with data-menu="id"; the
// generated admin screens' data-toggle="dropdown" with a .dropdown-menu beside it works the same.

const TOGGLE = "[data-menu], [data-toggle='dropdown']";
const GAP = 4;
let opened = null;

function menuOf(toggle) {
  return toggle.dataset.menu ? document.getElementById(toggle.dataset.menu) : toggle.parentElement.querySelector(".dropdown-menu");
}

function items(menu) {
  return [...menu.querySelectorAll(".dropdown-item")].filter((item) => !item.disabled && item.offsetParent !== null);
}

/** Open the menu of a button; `back` is what has the focus afterwards, where that is not the button. */
export function openMenu(toggle, { focus = "none", back = toggle } = {}) {
  const menu = menuOf(toggle);
  if (!menu) return;
  closeMenu();
  opened = { toggle, menu, back };
  // The top layer: no pane that scrolls can cut it off
  menu.popover = "manual";
  menu.classList.add("show");
  menu.showPopover();
  place(toggle, menu);
  toggle.setAttribute("aria-expanded", "true");
  if (focus === "first") items(menu)[0]?.focus();
  if (focus === "last") items(menu).at(-1)?.focus();
  menu.dispatchEvent(new CustomEvent("cloudchat:menu-open", { bubbles: true }));
}

/** Close the menu that is open, if any. */
export function closeMenu({ giveFocusBack = false } = {}) {
  if (!opened) return;
  const { toggle, menu, back } = opened;
  opened = null;
  if (menu.matches(":popover-open")) menu.hidePopover();
  menu.classList.remove("show");
  toggle.setAttribute("aria-expanded", "false");
  if (giveFocusBack) back.focus();
}

/** Below the button and flush with it; above or to the left where there is no room. */
function place(toggle, menu) {
  const at = toggle.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const fitsBelow = at.bottom + GAP + height <= innerHeight || at.top < height;
  const top = fitsBelow ? at.bottom + GAP : at.top - GAP - height;
  const left = at.left + width <= innerWidth - 8 ? at.left : at.right - width;
  menu.style.top = `${Math.max(8, top)}px`;
  menu.style.left = `${Math.max(8, left)}px`;
}

document.addEventListener("click", (event) => {
  const toggle = event.target.closest?.(TOGGLE);
  if (toggle) {
    event.preventDefault();
    // detail 0: pressed with the keyboard, so the focus goes along
    const mine = opened?.toggle === toggle;
    closeMenu({ giveFocusBack: mine && event.detail === 0 });
    if (!mine) openMenu(toggle, { focus: event.detail === 0 ? "first" : "none" });
  } else if (opened && !opened.menu.contains(event.target)) {
    closeMenu();
  } else if (event.target.closest?.(".dropdown-item:not([data-menu-stay])")) {
    closeMenu({ giveFocusBack: event.detail === 0 && !event.target.closest("a[href]") });
  }
});

document.addEventListener("keydown", (event) => {
  const toggle = event.target.closest?.(TOGGLE);
  if (toggle && !opened && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    openMenu(toggle, { focus: event.key === "ArrowDown" ? "first" : "last" });
  } else if (opened) {
    onMenuKey(event);
  }
});

function onMenuKey(event) {
  if (event.key === "Escape") {
    event.stopPropagation();
    event.preventDefault();
    closeMenu({ giveFocusBack: true });
  } else if (event.key === "Tab") {
    closeMenu();
  } else if (!event.target.matches("input, textarea, select")) {
    moveFocus(event);
  }
}

function moveFocus(event) {
  const list = items(opened.menu);
  const now = list.indexOf(document.activeElement);
  const to = { ArrowDown: (now + 1) % list.length, ArrowUp: now <= 0 ? list.length - 1 : now - 1, Home: 0, End: list.length - 1 };
  const letter = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
  let target = list[to[event.key]];
  if (letter) {
    const rest = [...list.slice(now + 1), ...list.slice(0, now + 1)];
    target = rest.find((item) => item.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase()));
  }
  if (target || letter) event.preventDefault();
  target?.focus();
}

addEventListener("resize", () => closeMenu());
// It follows its button when something behind it scrolls
addEventListener("scroll", (event) => opened && !opened.menu.contains(event.target) && place(opened.toggle, opened.menu), true);
document.addEventListener("htmx:afterSwap", () => opened && !opened.toggle.isConnected && closeMenu());
