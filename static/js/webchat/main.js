// The chat page's entry.
import "./alerts.js";
import "./composer.js";
import "./host.js";
import { token } from "./api.js";
import { goLive } from "./live.js";
import { on, tell } from "./store.js";
import * as thread from "./thread.js";
import { announce, say, toEnd } from "./view.js";

const loading = document.getElementById("loading");
const SLOW_MS = 400;
const AGAIN_MS = 5_000;

async function begin() {
  const slow = setTimeout(() => (loading.hidden = false), SLOW_MS);
  try {
    await thread.load();
  } catch {
    say("error.load");
    setTimeout(begin, AGAIN_MS);
    return;
  } finally {
    clearTimeout(slow);
    loading.hidden = true;
  }
  tell("changed");
  queueMicrotask(() => toEnd());
  setTimeout(announce, 500);
  if (!navigator.onLine) tell("state", { name: "offline" });
  if (token()) goLive();
  thread.flush();
}

on("session", () => goLive());
begin();
