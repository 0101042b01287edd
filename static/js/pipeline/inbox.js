// In the inbox: the conversation's pipeline menu, and news of its stage.
import { api, reportError } from "../api.js";
import { closeMenu } from "../menu.js";
import { undoable } from "../toast.js";
import { t } from "../i18n.js";

const menu = document.getElementById("pipeline-menu");
const opened = () => document.querySelector("[data-thread]")?.dataset.thread;
const url = (id) => `/api/app/conversations/${id}/pipeline`;

document.addEventListener("cloudchat:menu-open", async ({ target }) => {
  if (target !== menu || !opened()) return;
  const id = opened();
  menu.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(`/app/pipelines/chooser/${id}`, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (opened() !== id) return;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    menu.replaceChildren(...page.body.childNodes);
    if (menu.matches(":popover-open") && document.activeElement?.closest("[data-menu]")) menu.querySelector(".dropdown-item")?.focus({ preventScroll: true });
  } catch (error) {
    reportError(error);
  }
  menu.removeAttribute("aria-busy");
});

menu?.addEventListener("click", async (event) => {
  const choice = event.target.closest("[data-pipeline-choice]");
  const leave = event.target.closest("[data-pipeline-leave]");
  if (!choice && !leave) return;
  const id = opened();
  closeMenu();
  try {
    const before = await api("GET", url(id));
    if (leave) {
      await api("DELETE", url(id));
      undoable(t("pipeline.off"), () => put(id, before.pipeline_id, before.stage_id));
    } else await put(id, Number(choice.dataset.pipelineId), Number(choice.dataset.pipelineChoice));
  } catch (error) {
    reportError(error);
  }
});

function put(id, pipelineId, stageId) {
  return api("POST", url(id), { pipeline_id: pipelineId, stage_id: stageId });
}

// Rows and headers show the stage: for them it is a change like any other
document.addEventListener("cloudchat:pipeline:stage-changed", ({ detail }) => {
  const changes = { pipeline_stage_id: detail.toStageId };
  document.dispatchEvent(new CustomEvent("cloudchat:conversation:updated", { detail: { conversationId: detail.conversationId, changes, version: detail.version } }));
});
