// What shows an agent that somebody waits: badges, the title and the favicon. Alerts are alerts.js's.
const favicon = document.querySelector("[data-favicon]");
const plainIcon = favicon?.href;
let title = document.title;
let conversations = 0;

/** Show how many conversations are unread: sidebar, title and favicon. */
export function setUnread(counts) {
  conversations = counts.conversations;
  showCount("conversations", conversations);
  if (favicon) favicon.href = conversations ? plainIcon.replace("favicon.svg", "favicon-unread.svg") : plainIcon;
  showTitle();
}

/** Show a number on the badges of this name. */
export function showCount(name, number) {
  for (const badge of document.querySelectorAll(`[data-unread="${name}"]`)) {
    badge.textContent = number < 100 ? number : "99+";
    badge.hidden = !number;
  }
}

/** The number that stands on them. */
export const shownCount = (name) => Number.parseInt(document.querySelector(`[data-unread="${name}"]`)?.textContent, 10) || 0;

/** Change the page's title and keep the number before it. */
export function setPageTitle(text) {
  title = text;
  showTitle();
}

/** The title without the number. */
export const pageTitle = () => title;

function showTitle() {
  document.title = conversations ? `(${conversations < 100 ? conversations : "99+"}) ${title}` : title;
}

document.addEventListener("cloudchat:unread:updated", ({ detail }) => setUnread(detail));

setUnread({ conversations: shownCount("conversations") });
