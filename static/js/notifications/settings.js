// The notification settings. An entry: the page links it, no module imports it. Each change is saved at once.
import { api, attempt, reportError } from "../api.js";
import { clearErrors, showErrors } from "../forms.js";
import { t } from "../i18n.js";
import { ring } from "../sound.js";
import { fullTime } from "../time.js";
import "./browser.js";
import "./test.js";

const root = document.querySelector("[data-notify-settings]");
const saved = root?.querySelector("[data-saved]");
const URL = "/api/app/notifications/settings";
let timer = 0;

/** Save a change; what cannot be saved is taken back. */
async function save(change, rollback) {
  const answer = await attempt(() => api("PUT", URL, change), { rollback });
  if (answer) showSaved(answer);
}

function showSaved(settings) {
  saved.textContent = t("notifications.saved");
  clearTimeout(timer);
  timer = setTimeout(() => (saved.textContent = ""), 3_000);
  showQuiet(settings);
}

/** Whether it is quiet now, and until when. */
function showQuiet({ silent_until: until, snoozed_until: snoozed }) {
  const line = root.querySelector("[data-quiet-now]");
  line.hidden = !until;
  if (until) {
    const moment = line.querySelector("time");
    moment.dateTime = until;
    moment.textContent = fullTime(new Date(until));
  }
  root.querySelector("[data-wake]").hidden = !snoozed;
}

function onEvent(input) {
  const { event: kind, channel } = input.dataset;
  save({ events: { [kind]: { [channel]: input.checked } } }, () => (input.checked = !input.checked));
}

// --- sound -------------------------------------------------------------------------------------

const soundForm = root?.querySelector("[data-sound-form]");
const chosenSound = () => ({ name: soundForm.elements.sound.value, volume: Number(soundForm.elements.volume.value) });

function showVolume() {
  const { volume } = soundForm.elements;
  volume.setAttribute("aria-valuetext", `${volume.value}%`);
}

async function play() {
  if ((await ring(chosenSound(), { now: true, hint: false })) === "blocked") reportError(new Error(t("notifications.test.sound_blocked")));
}

// --- quiet hours -------------------------------------------------------------------------------

async function saveQuiet() {
  const form = root.querySelector("[data-quiet-form]");
  const { enabled, start_time: from, end_time: to, own_still_rings: own } = form.elements;
  const days = [...form.querySelectorAll('[name="days"]:checked')].map((input) => Number(input.value));
  const quiet = { enabled: enabled.checked, days, start_time: from.value, end_time: to.value, own_still_rings: own.checked };
  try {
    const answer = await api("PUT", URL, { quiet_hours: quiet });
    clearErrors(form);
    showSaved(answer);
  } catch (error) {
    const fields = Object.fromEntries(Object.entries(error.fields ?? {}).map(([name, words]) => [name.replace("quiet_hours.", ""), words]));
    if (!Object.keys(fields).length || !showErrors(form, fields)) reportError(error, saveQuiet);
  }
}

// --- what is done ------------------------------------------------------------------------------

root?.addEventListener("change", (event) => {
  const input = event.target;
  if (input.dataset.event) onEvent(input);
  else if (input.form === soundForm) {
    save({ sound: chosenSound() });
    play();
  } else if (input.form?.matches("[data-quiet-form]")) saveQuiet();
  else if (input.dataset.pushTextSwitch !== undefined) {
    save({ push: { show_text: input.checked } }, () => (input.checked = !input.checked));
  }
});

root?.addEventListener("input", (event) => event.target.name === "volume" && showVolume());
root?.addEventListener("submit", (event) => event.preventDefault());
root?.addEventListener("click", (event) => event.target.closest("[data-play]") && play());
document.addEventListener("cloudchat:snoozed", ({ detail }) => root && showQuiet(detail));
if (soundForm) showVolume();
