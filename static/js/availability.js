// The availability switch: shown at once, then told to the server, taken back when that fails.
import { api, attempt } from "./api.js";

const switchButton = document.querySelector("[data-availability]");

/** Show a state of the signed-in user everywhere in the frame. */
export function showAvailability(status) {
  if (!switchButton) return;
  switchButton.dataset.availability = status;
  for (const dot of document.querySelectorAll(".sidebar [data-presence], .topbar [data-presence]")) {
    dot.className = `presence presence-${status}`;
  }
  for (const item of document.querySelectorAll("[data-availability-set]")) {
    const chosen = item.dataset.availabilitySet === status;
    item.setAttribute("aria-checked", String(chosen));
    if (chosen) switchButton.querySelector("[data-availability-word]").textContent = item.querySelector("[data-name]").textContent;
  }
}

document.addEventListener("click", (event) => {
  const item = event.target.closest?.("[data-availability-set]");
  if (!item) return;
  const before = switchButton.dataset.availability;
  const status = item.dataset.availabilitySet;
  attempt(() => api("PUT", "/api/app/agents/me/availability", { status }), {
    apply: () => showAvailability(status),
    rollback: () => showAvailability(before),
  });
});
