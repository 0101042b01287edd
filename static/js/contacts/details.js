// One contact's page: what colleagues change appears, unless it is being edited here.
import "./pairs.js";

document.addEventListener("cloudchat:contact:updated", ({ detail }) => {
  const page = document.querySelector("[data-contact-page]");
  const details = document.getElementById("details");
  if (!page || String(detail.contactId) !== page.dataset.contactPage || "editing" in details.dataset) return;
  window.htmx.ajax("GET", `/app/contacts/${detail.contactId}/details`, { target: "#details", swap: "outerHTML" });
});
