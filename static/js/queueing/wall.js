// The supervisor's wall. An entry: the page links it, no module imports it.
import { fetchFragment } from "./fragments.js";
import "../socket.js";
import { clockTime, refreshTimes } from "../time.js";

const box = document.querySelector("[data-wall]");
const clock = document.querySelector("[data-wall-clock]");
let busy = false;
let wanted = false;

/** Draw the figures anew; what is asked for meanwhile makes one more round. */
async function refresh() {
  if (busy) return void (wanted = true);
  busy = true;
  wanted = false;
  const body = await fetchFragment("/app/queue/wall/now");
  if (body) window.Idiomorph.morph(box, [...body.childNodes], { morphStyle: "innerHTML" });
  refreshTimes(box);
  await new Promise((done) => setTimeout(done, 700));
  busy = false;
  if (wanted) refresh();
}

function tick() {
  clock.textContent = clockTime(new Date());
}

for (const name of ["queue:updated", "queue:assigned", "agent:presence", "conversation:updated", "connected", "poll"]) {
  document.addEventListener(`cloudchat:${name}`, refresh);
}
// Estimates and those who went away change without an event
setInterval(refresh, 30_000);
setInterval(tick, 1_000);
tick();

document.querySelector("[data-fullscreen]").addEventListener("click", () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
});

// Nobody touches this screen: it must not go to sleep
navigator.wakeLock?.request("screen").catch(() => null);
