// Alerts of the server: one tab of this browser sounds and pops up, none for the conversation that somebody
// looks at. Who is told of what, and when it is quiet, the server has decided already.
import { t } from "./i18n.js";
import { claim } from "./claim.js";
import { closeDesktop, showDesktop } from "./desktop.js";
import { inView, openPlace } from "./places.js";
import { canRing, isSoundOn, ring } from "./sound.js";
import { toast } from "./toast.js";

document.addEventListener("cloudchat:notification:new", async ({ detail }) => {
  const seen = inView() !== 0 && inView() === detail.conversationId;
  if (!seen && detail.toast && document.hasFocus()) {
    toast(detail.title, { action: { label: t("notifications.open"), run: () => openPlace(detail.url) } });
  }
  // The tab that shows it takes the alert at once and stays silent; the others wait for it
  if (!(await claim(detail.alertId, { first: seen, able: canRing() })) || seen) return;
  if (detail.sound && isSoundOn()) ring(detail.sound);
  if (detail.desktop) showDesktop(detail);
});

// Read, here or elsewhere: what still pops up about it goes
document.addEventListener("cloudchat:conversation:updated", ({ detail }) => {
  if (detail.changes.unread_count === 0) closeDesktop(detail.conversationId);
});
document.addEventListener("inbox:opened", () => closeDesktop(inView()));
