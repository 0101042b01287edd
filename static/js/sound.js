// The sound of a new message, made by Web Audio; and the switch that silences it.
import { t } from "./i18n.js";
import { toast } from "./toast.js";

const KEY = `cloudchat.sound.${document.documentElement.dataset.user}`;
const PAUSE_MS = 1_500;
let audio = null;
let last = 0;
let hinted = false;

/** Whether this user wants to hear new messages in this browser. */
export function isSoundOn() {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

/** Switch the sound on or off. */
export function setSound(on) {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // storage is switched off: it stays on
  }
}

/** Two short notes; a burst of messages makes one. */
export async function ring() {
  if (Date.now() - last < PAUSE_MS) return;
  last = Date.now();
  audio ??= new AudioContext();
  if (audio.state !== "running") {
    // Without a press on the page browsers neither play nor say so
    await Promise.race([audio.resume().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 300))]);
  }
  if (audio.state === "running") {
    play(660, 0);
    play(880, 0.12);
    document.dispatchEvent(new CustomEvent("cloudchat:rang"));
  } else hint();
}

function play(frequency, delay) {
  const start = audio.currentTime + delay;
  const tone = new OscillatorNode(audio, { type: "sine", frequency });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.18, start + 0.015);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.28);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + 0.3);
}

function hint() {
  if (hinted) return;
  hinted = true;
  const allow = () => {
    last = 0;
    audio.resume().then(ring);
  };
  toast(t("notifications.blocked"), { action: { label: t("notifications.allow"), run: allow }, seconds: 20 });
}

// The first press allows the sounds that come later
for (const name of ["pointerdown", "keydown"]) {
  addEventListener(name, () => audio?.state === "suspended" && audio.resume(), { capture: true });
}
