// Shows pushes while no page of ours is in sight, and leads a press on one to its conversation.
// It stands at /app/service-worker.js: its scope is its folder. It keeps one page that holds nothing of
// anybody, and answers with it where there is no network.
const PATIENCE_MS = 3_000;
const KEPT = "offline";
const OFFLINE = "/app/offline";

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(keep().catch(() => {})); // without it the browser's own page is shown
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

async function keep() {
  const page = await fetch(OFFLINE);
  if (page.ok) await (await caches.open(KEPT)).put(OFFLINE, page);
}

// Its styles are those of every page: the browser has them
addEventListener("fetch", (event) => {
  if (event.request.mode !== "navigate") return;
  const withoutNetwork = async () => (await caches.match(OFFLINE, { cacheName: KEPT })) ?? Response.error();
  event.respondWith(fetch(event.request).catch(withoutNetwork));
});

addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data?.json() ?? {};
  } catch {
    // not one of ours
  }
  if (told.title) event.waitUntil(show(told));
});

async function show({ id, title, body, url, tag, always }) {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  // A page in sight tells it by itself
  if (!always && pages.some((page) => page.visibilityState === "visible")) return;
  if (id && (await wasRead(id))) return;
  await registration.showNotification(title, { body, tag, renotify: true, data: { url } });
}

/** Whether it was read meanwhile, in another browser. Without an answer it is shown. */
async function wasRead(id) {
  try {
    const options = { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(PATIENCE_MS) };
    const answer = await fetch(`/api/app/notifications/${id}`, options);
    // Signed out here, or gone: nobody in this browser may see it
    if ([401, 404].includes(answer.status)) return true;
    return answer.ok && (await answer.json()).read_at !== null;
  } catch {
    return false;
  }
}

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.url || "/app/inbox"));
});

async function open(url) {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
  const page = pages.find((one) => new URL(one.url).pathname.startsWith("/app/"));
  if (!page) return clients.openWindow(url);
  page.postMessage({ open: url });
  return page.focus().catch(() => clients.openWindow(url));
}
