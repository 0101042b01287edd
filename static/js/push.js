// Pushes to this browser while no page is open: the service worker, and this browser's subscription.
import { api } from "./api.js";
import { openPlace } from "./places.js";

const SCOPE = "/app/";
const KEY = "cloudchat.push"; // whose pushes come to this browser: {user, id, endpoint}
const me = document.documentElement.dataset.user;

/** Whether this browser can take pushes at all. */
export const canPush = () => window.isSecureContext && "serviceWorker" in navigator && "PushManager" in window;

/** The worker of this browser: for pushes, and for a page of ours where there is no network. */
const install = () => navigator.serviceWorker.register("/app/service-worker.js", { scope: SCOPE });

/** The subscription of this browser for this user: {id, endpoint}, or null. */
export async function subscription() {
  const kept = remembered();
  const real = canPush() && (await (await navigator.serviceWorker.getRegistration(SCOPE))?.pushManager.getSubscription());
  return real && kept?.user === me && kept.endpoint === real.endpoint ? kept : null;
}

/** Take pushes from now on. The permission must be there. Throws ApiError, or what the browser says. */
export async function subscribe(publicKey) {
  const worker = await install();
  await navigator.serviceWorker.ready;
  const old = await worker.pushManager.getSubscription();
  // Of another user, or made for another key: what it was cannot go on
  if (old && remembered()?.user !== me) await old.unsubscribe();
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: publicKey });
  return tell(made);
}

/** Take no more pushes. */
export async function unsubscribe() {
  const kept = remembered();
  const real = await (await navigator.serviceWorker.getRegistration(SCOPE))?.pushManager.getSubscription();
  await real?.unsubscribe();
  localStorage.removeItem(KEY);
  if (kept?.user !== me) return;
  try {
    await api("DELETE", `/api/app/notifications/push/${kept.id}`);
  } catch (error) {
    if (error.status !== 404) throw error; // gone already is what was wanted
  }
}

async function tell(made) {
  const { id } = await api("POST", "/api/app/notifications/push", made.toJSON());
  const kept = { user: me, id, endpoint: made.endpoint };
  localStorage.setItem(KEY, JSON.stringify(kept));
  return kept;
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

/** Somebody else works in this browser now, or the browser has renewed its subscription. */
async function bringUpToDate() {
  const kept = remembered();
  if (!kept || !canPush()) return;
  const real = await (await navigator.serviceWorker.getRegistration(SCOPE))?.pushManager.getSubscription();
  if (kept.user !== me) {
    await real?.unsubscribe();
    localStorage.removeItem(KEY);
  } else if (real && real.endpoint !== kept.endpoint) await tell(real);
}

navigator.serviceWorker?.addEventListener("message", ({ data }) => data?.open && openPlace(data.open));
bringUpToDate().catch(() => {}); // the next page tries again
if (window.isSecureContext && "serviceWorker" in navigator) addEventListener("load", () => install().catch(() => {}));
