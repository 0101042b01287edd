// Pages of broadcasts stay true while one runs: the server says that it moved, the page fetches the part.
import { api, ApiError, reportError } from "../api.js";
import { showErrors } from "../forms.js";
import { addTexts, t } from "../i18n.js";
import { toast } from "../toast.js";

addTexts(JSON.parse(document.getElementById("broadcast-texts")?.textContent ?? "{}"));

const EVERY = 1000;
const LOOK_AGAIN = 10000; // what is delivered and read later is not announced
const live = document.querySelector("[data-live]");
const waiting = new Map();
let ended = false;

/** The newest look of one part; at most once a second each. */
function refresh(id) {
  if (waiting.has(id)) return;
  waiting.set(id, setTimeout(() => { waiting.delete(id); draw(id); }, EVERY));
}

async function draw(id) {
  const row = document.querySelector(`tr[data-broadcast="${id}"]`);
  if (!live && !row) return;
  // Somebody who types is not disturbed
  if (live?.contains(document.activeElement) && document.activeElement.matches("input")) return;
  try {
    const answer = await fetch(live ? live.dataset.live : location.href, { headers: { "HX-Request": "true" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = live ? fresh.body : fresh.getElementById(row.id);
    const box = live ?? row;
    if (part) window.Idiomorph.morph(box, [...part.childNodes], { morphStyle: "innerHTML" });
    window.htmx.process(box);
  } catch { /* the next news brings it */ }
}

document.addEventListener("cloudchat:broadcast:progress", ({ detail }) => {
  if (live && Number(live.dataset.broadcast) !== detail.broadcastId) return;
  ended = detail.status === "completed" || detail.status === "cancelled";
  refresh(detail.broadcastId);
});

function look() {
  if (live && !document.hidden) refresh(Number(live.dataset.broadcast));
}
if (live) setInterval(() => { if (!ended || Math.random() < 0.3) look(); }, LOOK_AGAIN);
document.addEventListener("cloudchat:connected", look);
document.addEventListener("cloudchat:poll", look);
document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.closest?.("[data-act]") && event.detail.successful) draw(Number(live.dataset.broadcast));
});

/** What a form sends, and what is said when it worked. */
const FORMS = {
  "[data-schedule]": (form) => [{ scheduled_local: form.elements.scheduled_local.value }, "broadcast.scheduled"],
  "[data-test]": (form) => [{ phone: form.elements.phone.value }, "broadcast.tested"],
};

document.addEventListener("submit", async (event) => {
  const kind = Object.keys(FORMS).find((selector) => event.target.matches(selector));
  if (!kind) return;
  event.preventDefault();
  const form = event.target;
  const [body, said] = FORMS[kind](form);
  try {
    await api("POST", form.dataset.api, body);
    toast(t(said), { kind: "success" });
    document.activeElement?.blur();
    draw(Number(live.dataset.broadcast));
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 422 && showErrors(form, error.fields))) reportError(error);
  }
});
