// The sounds of alerts, made by Web Audio; and the switch that silences this browser.
import { t } from "./i18n.js";
import { toast } from "./toast.js";

const KEY = `cloudchat.sound.${document.documentElement.dataset.user}`;
const PAUSE_MS = 1_500;
const PATIENCE_MS = 900; // a busy computer takes its time to open the audio
const LOUDEST = 0.4;
let audio = null;
let last = 0;
let hinted = false;

// Notes of a sound: [frequency, start, length, shape]; seconds
const SOUNDS = {
  chime: [[660, 0, 0.3, "sine"], [880, 0.12, 0.3, "sine"]],
  bell: [[1568, 0, 0.9, "sine"], [3136, 0, 0.3, "sine"]],
  marimba: [[523, 0, 0.22, "triangle"], [659, 0.1, 0.22, "triangle"], [784, 0.2, 0.3, "triangle"]],
  drop: [[1200, 0, 0.09, "sine"], [700, 0.07, 0.14, "sine"]],
  knock: [[170, 0, 0.09, "triangle"], [150, 0.16, 0.09, "triangle"]],
  alarm: [[880, 0, 0.16, "square"], [988, 0.2, 0.16, "square"], [880, 0.4, 0.16, "square"], [988, 0.6, 0.2, "square"]],
};

/** Whether this user wants to hear alerts in this browser. */
export function isSoundOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

/** Switch the sound of this browser on or off. */
export function setSound(on) {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // storage is switched off: it stays on
  }
}

/** Whether a sound would be heard now, as far as one can know without trying. */
export function canRing() {
  if (audio) return audio.state === "running";
  return navigator.userActivation?.hasBeenActive ?? true;
}

/** Play one of the sounds; a burst of alerts makes one. Answers "played", "blocked" or "paused".
 *  A sound that the browser blocks is dropped, not kept for later. hint: say so on the page, once. */
export async function ring({ name = "chime", volume = 60 } = {}, { now = false, hint = true } = {}) {
  if (!now && Date.now() - last < PAUSE_MS) return "paused";
  last = Date.now();
  audio ??= new AudioContext();
  if (audio.state !== "running") {
    // Without a press on the page browsers neither play nor say so
    await Promise.race([audio.resume().catch(() => {}), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  }
  if (audio.state !== "running") {
    if (hint) showHint({ name, volume });
    return "blocked";
  }
  for (const note of SOUNDS[name] ?? SOUNDS.chime) play(note, (LOUDEST * volume) / 100);
  document.dispatchEvent(new CustomEvent("cloudchat:rang", { detail: { name, volume } }));
  return "played";
}

function play([frequency, delay, length, type], loudness) {
  if (!loudness) return;
  const start = audio.currentTime + delay;
  const tone = new OscillatorNode(audio, { type, frequency });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(type === "square" ? loudness / 3 : loudness, start + 0.012);
  volume.gain.exponentialRampToValueAtTime(0.001, start + length);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + length + 0.02);
}

function showHint(sound) {
  if (hinted) return;
  hinted = true;
  const allow = () => audio.resume().then(() => ring(sound, { now: true }));
  toast(t("notifications.blocked"), { action: { label: t("notifications.allow"), run: allow }, seconds: 20 });
}

// The first press allows the sounds that come later
for (const name of ["pointerdown", "keydown"]) {
  addEventListener(name, () => audio?.state === "suspended" && audio.resume(), { capture: true });
}
