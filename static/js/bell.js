// The bell: how much is new, its menu, marking read, snoozing.
import { api, attempt } from "./api.js";
import { t } from "./i18n.js";
import { closeMenu } from "./menu.js";
import { shownCount, showCount } from "./notifications.js";
import { inView } from "./places.js";
import { isSoundOn, ring, setSound } from "./sound.js";
import { refreshTimes } from "./time.js";
import { toast } from "./toast.js";

const bell = document.querySelector(".bell");
const menu = document.getElementById("notifications-menu");
const list = menu?.querySelector("[data-bell]");
let reading = false;
let again = false;

/** Show how many notifications are unread. */
function setBell(unread) {
  showCount("notifications", unread);
  if (bell) bell.title = unread ? t("notifications.bell", { count: unread }) : t("notifications.bell_empty");
}

async function load() {
  try {
    const answer = await fetch("/app/notifications", { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.status);
    list.innerHTML = await answer.text();
    window.htmx.process(list);
    refreshTimes(list);
  } catch {
    list.replaceChildren(Object.assign(document.createElement("p"), { className: "dropdown-text", textContent: t("error.network") }));
  }
}

/** What is about the conversation in view has been seen. */
async function readInView() {
  const id = inView();
  if (!id || !shownCount("notifications")) return;
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  again = false;
  await read({ conversation_id: id });
  reading = false;
  if (again) readInView();
}

menu?.addEventListener("cloudchat:menu-open", load);

document.addEventListener("cloudchat:notification:new", ({ detail }) => {
  setBell(detail.unread);
  if (menu?.matches(".show")) load();
  if (detail.conversationId === inView()) readInView();
});
document.addEventListener("cloudchat:notification:read", ({ detail }) => setBell(detail.unread));
for (const name of ["cloudchat:connected", "cloudchat:poll"]) {
  document.addEventListener(name, async () => {
    try {
      setBell((await api("GET", "/api/app/notifications/unread-count")).unread);
    } catch {
      // socket.js says what is wrong with the line
    }
  });
}
document.addEventListener("inbox:opened", readInView);
addEventListener("focus", readInView);

document.addEventListener("click", (event) => {
  const item = event.target.closest?.("[data-notification]");
  // The page that opens next must find it read, so this request outlives the present one
  if (item?.dataset.unreadItem !== undefined) read({ ids: [Number(item.dataset.notification)] }, { keepalive: true });
  if (event.target.closest?.("[data-bell-read-all]")) readAll();
  // Not `data-snooze`: that is a conversation's, and the inbox has both on one page
  const quiet = event.target.closest?.("[data-quiet-for]");
  if (quiet) snoozeFor(quiet.dataset.quietFor || null);
});

async function read(which, options) {
  try {
    setBell((await api("POST", "/api/app/notifications/read", which, options)).unread);
  } catch {
    // it stays unread, which is the truth
  }
}

async function readAll() {
  const answer = await attempt(() => api("POST", "/api/app/notifications/read", { all: true }));
  if (!answer) return;
  setBell(answer.unread);
  load();
}

async function snoozeFor(howLong) {
  const answer = await attempt(() => api("POST", "/api/app/notifications/snooze", { how_long: howLong }));
  if (!answer) return;
  closeMenu();
  document.dispatchEvent(new CustomEvent("cloudchat:snoozed", { detail: answer }));
  toast(t(howLong ? `notifications.snoozed.${howLong}` : "notifications.woken"), {
    kind: "success",
    action: howLong ? { label: t("undo"), run: () => snoozeFor(null) } : null,
  });
}

for (const input of document.querySelectorAll("[data-sound]")) {
  input.checked = isSoundOn();
  input.addEventListener("change", () => {
    setSound(input.checked);
    if (input.checked) ring({}, { now: true });
  });
}
