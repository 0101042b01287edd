// What tells an agent that somebody waits: badges, the title, the favicon, and one sound from one tab.
import { t } from "./i18n.js";
import { claim } from "./claim.js";
import { isSoundOn, ring, setSound } from "./sound.js";

const me = document.documentElement.dataset.user;
const favicon = document.querySelector("[data-favicon]");
const plainIcon = favicon?.href;
let title = document.title;
let conversations = 0;

/** Show how much is unread: sidebar, bell, title and favicon. */
export function setUnread(counts) {
  conversations = counts.conversations;
  for (const badge of document.querySelectorAll("[data-unread]")) {
    // Rows of lists use the same word for their own number
    if (!(badge.dataset.unread in counts)) continue;
    const number = counts[badge.dataset.unread];
    badge.textContent = number < 100 ? number : "99+";
    badge.hidden = !number;
  }
  for (const line of document.querySelectorAll("[data-unread-line]")) {
    line.textContent = counts.messages ? t("notifications.unread", { count: counts.messages }) : t("notifications.none");
  }
  if (favicon) favicon.href = conversations ? plainIcon.replace("favicon.svg", "favicon-unread.svg") : plainIcon;
  showTitle();
}

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

/** The conversation that this tab shows to somebody who looks at it. */
function inView() {
  const shown = document.querySelector("[data-thread]")?.dataset.thread;
  return document.hasFocus() && !document.hidden ? Number(shown ?? 0) : 0;
}

document.addEventListener("cloudchat:unread:updated", ({ detail }) => setUnread(detail));

document.addEventListener("cloudchat:message:new", async ({ detail }) => {
  const { message, conversationId, assigneeId } = detail;
  if (message.direction !== "in" || (assigneeId && String(assigneeId) !== me)) return;
  const seen = inView() === conversationId;
  // The tab that shows it takes the message at once and stays silent; the others wait for it
  if ((await claim(message.id, { first: seen })) && !seen && isSoundOn()) ring();
});

for (const input of document.querySelectorAll("[data-sound]")) {
  input.checked = isSoundOn();
  input.addEventListener("change", () => {
    setSound(input.checked);
    if (input.checked) ring();
  });
}

const first = (name) => Number.parseInt(document.querySelector(`[data-unread="${name}"]`)?.textContent, 10) || 0;
setUnread({ conversations: first("conversations"), messages: first("messages") });
