// What this browser allows: desktop notifications and pushes, and the other browsers that get pushes.
import { api, attempt, reportError } from "../api.js";
import { askForDesktop, desktopState } from "../desktop.js";
import { t } from "../i18n.js";
import { canPush, subscribe, subscription, unsubscribe } from "../push.js";

const root = document.querySelector("[data-notify-settings]");
const pushSwitch = root?.querySelector("[data-push-switch]");

async function show() {
  const state = desktopState();
  root.querySelector("[data-desktop-text]").textContent = t(`notifications.desktop.${state}`);
  root.querySelector("[data-desktop-ask]").hidden = state !== "default";
  const able = canPush() && state !== "denied";
  pushSwitch.disabled = !able;
  const mine = able ? await subscription().catch(() => null) : null;
  pushSwitch.checked = Boolean(mine);
  const words = able ? (mine ? "on" : "off") : canPush() ? "denied" : "unsupported";
  root.querySelector("[data-push-text]").textContent = t(`notifications.push.${words}`);
}

async function setPush(on) {
  pushSwitch.disabled = true;
  try {
    if (on && (await askForDesktop()) !== "granted") throw new Error(t("notifications.desktop.denied"));
    if (on) await subscribe(root.dataset.pushKey);
    else await unsubscribe();
    location.reload(); // the list of browsers is the server's
  } catch (error) {
    await show();
    if (error.status === undefined) root.querySelector("[data-push-text]").textContent = t("notifications.push.failed");
    else reportError(error, () => setPush(on));
  }
}

async function remove(button) {
  const gone = await attempt(async () => {
    await api("DELETE", `/api/app/notifications/push/${button.dataset.browserRemove}`);
    return true;
  });
  if (gone) location.reload();
}

if (root) {
  show();
  pushSwitch.addEventListener("change", () => setPush(pushSwitch.checked));
  root.addEventListener("click", async (event) => {
    if (event.target.closest("[data-desktop-ask]")) {
      await askForDesktop();
      show();
    }
    const button = event.target.closest("[data-browser-remove]");
    if (button) remove(button);
  });
  // The permission may be given or taken away in the browser's own settings
  navigator.permissions?.query({ name: "notifications" }).then((status) => status.addEventListener("change", show), () => {});
}
