// Desktop notifications while a page is open. Phones let only a service worker show them.
import { openPlace } from "./places.js";

const open = new Map(); // conversation id → Notification

/** What the browser says: "granted", "denied", "default" (not asked yet) or "unsupported". */
export function desktopState() {
  if (!("Notification" in window) || !window.isSecureContext) return "unsupported";
  return Notification.permission;
}

/** Ask the browser's question; answers the new state. Only after a press of the user. */
export async function askForDesktop() {
  if (desktopState() === "default") await Notification.requestPermission();
  return desktopState();
}

/** Show an alert beside the page. Answers whether it could be shown. */
export async function showDesktop({ title, body, url, kind, conversationId }) {
  if (desktopState() !== "granted") return false;
  const tag = conversationId ? `${kind}:${conversationId}` : kind;
  // Silent: the sound is ours, and only one tab makes it
  const options = { body, tag, silent: true, data: { url } };
  try {
    const shown = new Notification(title, options);
    shown.addEventListener("click", () => {
      window.focus();
      shown.close();
      openPlace(url);
    });
    shown.addEventListener("close", () => open.delete(conversationId));
    open.set(conversationId, shown);
  } catch {
    const worker = await navigator.serviceWorker?.getRegistration("/app/");
    if (!worker) return false;
    await worker.showNotification(title, options);
  }
  document.dispatchEvent(new CustomEvent("cloudchat:desktop", { detail: { title, tag } }));
  return true;
}

/** Take away what still stands there about a conversation that was read. */
export async function closeDesktop(conversationId) {
  if (!conversationId) return;
  open.get(conversationId)?.close();
  open.delete(conversationId);
  const worker = await navigator.serviceWorker?.getRegistration("/app/");
  for (const shown of (await worker?.getNotifications()) ?? []) {
    if (shown.data?.url === `/app/inbox/${conversationId}`) shown.close();
  }
}
