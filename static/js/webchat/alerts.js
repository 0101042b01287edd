// What is unread: the title's badge, a sound, the widget's badge, and what the desk is told.
import { t } from "../i18n.js";
import * as api from "./api.js";
import { chatName, framed, on, onOtherTab, read, tell, write } from "./store.js";
import * as thread from "./thread.js";

const button = document.getElementById("sound");
let openInSite = !framed; // in a frame the site says whether we are open
let told = { id: 0, status: "" };
let audio = null;

/** Whether the visitor has the thread before the eyes. */
export const inView = () => openInSite && !document.hidden;

/** The site opened or closed the frame. */
export function setOpen(open) {
  openInSite = open;
  refresh();
}

/** Count, show and tell what is unread. */
export function refresh() {
  const last = thread.lastOutId();
  if (inView() && last > read("seen", 0)) write("seen", last);
  const count = thread.outAfter(read("seen", 0));
  document.title = count ? `(${count}) ${chatName}` : chatName;
  tell("unread", { count });
  const status = inView() ? "read" : "delivered";
  if (last && (last > told.id || (last === told.id && status === "read" && told.status !== "read"))) {
    told = { id: last, status };
    api.seen(last, status);
  }
}

on("changed", refresh);
document.addEventListener("visibilitychange", refresh);
onOtherTab("seen", refresh);

// --- sound ---------------------------------------------------------------------------------------

const soundOn = () => read("sound", true);

function showSound() {
  button.setAttribute("aria-pressed", String(soundOn()));
  const label = t(soundOn() ? "sound.off" : "sound.on");
  button.setAttribute("aria-label", label);
  button.title = label;
  button.querySelector("use").setAttribute("href", soundOn() ? "#i-volume" : "#i-volume-off");
}

button.addEventListener("click", () => {
  write("sound", !soundOn());
  showSound();
  if (soundOn()) ring();
});

/** Two soft notes. Browsers allow it only after the visitor has done something on the page. */
function ring() {
  try {
    audio ??= new AudioContext();
    [660, 880].forEach((pitch, at) => {
      const start = audio.currentTime + at * 0.12;
      const note = audio.createOscillator();
      const volume = audio.createGain();
      note.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start);
      volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, start + 0.25);
      note.connect(volume).connect(audio.destination);
      note.start(start);
      note.stop(start + 0.3);
    });
  } catch {
    // no sound on this device
  }
}

on("arrived", ({ message, missed }) => {
  if (message.direction === "out" && !missed && !inView() && soundOn() && navigator.userActivation?.hasBeenActive !== false) ring();
});

showSound();
