// What stage automation tells a user, on whichever page they are.
import { t } from "../i18n.js";
import { toast } from "../toast.js";

document.addEventListener("cloudchat:pipeline:notice", ({ detail }) => {
  const open = () => location.assign(`/app/inbox/${detail.conversationId}`);
  toast(detail.text, { kind: "info", action: { label: t("pipeline.notice_open"), run: open } });
});
