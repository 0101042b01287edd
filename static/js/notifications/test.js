// "Test my alerts": does everything once and says what came of it, and whose move it is where nothing came.
import { api } from "../api.js";
import { askForDesktop, desktopState, showDesktop } from "../desktop.js";
import { icon } from "../icon.js";
import { t } from "../i18n.js";
import { subscription } from "../push.js";
import { isSoundOn, ring } from "../sound.js";

const root = document.querySelector("[data-notify-settings]");
const results = root?.querySelector("[data-results]");
const ICONS = { good: "circle-check", bad: "alert-triangle", so: "info-circle" };

async function sound() {
  if (!isSoundOn()) return ["so", "sound_muted"];
  const form = root.querySelector("[data-sound-form]");
  const volume = Number(form.elements.volume.value);
  if (!volume) return ["so", "sound_silent"];
  const played = await ring({ name: form.elements.sound.value, volume }, { now: true, hint: false });
  return played === "played" ? ["good", "sound_played"] : ["bad", "sound_blocked"];
}

async function desktop() {
  if (desktopState() === "default") await askForDesktop();
  if (desktopState() !== "granted") return ["bad", `desktop_${desktopState()}`];
  const alert = { title: t("notifications.test.title"), body: t("notifications.test.body"), url: location.pathname, kind: "test" };
  return (await showDesktop(alert)) ? ["good", "desktop_shown"] : ["bad", "desktop_failed"];
}

async function push() {
  if (!(await subscription().catch(() => null))) return ["so", "push_off"];
  try {
    await api("POST", "/api/app/notifications/push/test");
    return ["good", "push_sent"];
  } catch {
    return ["bad", "push_failed"];
  }
}

function quiet() {
  return root.querySelector("[data-quiet-now]").hidden ? null : ["so", "quiet_now"];
}

async function run(button) {
  button.disabled = true;
  results.hidden = false;
  results.replaceChildren();
  // One after the other: the browser's question comes with the second, and all must be heard
  for (const part of [sound, desktop, push, quiet]) {
    const outcome = await part();
    if (outcome) results.append(line(...outcome));
  }
  button.disabled = false;
}

function line(kind, key) {
  const item = document.createElement("li");
  item.className = `notify-result notify-${kind}`;
  item.dataset.result = key;
  const words = document.createElement("span");
  words.textContent = t(`notifications.test.${key}`);
  item.append(icon(ICONS[kind]), words);
  return item;
}

root?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-test-alerts]");
  if (button) run(button);
});
