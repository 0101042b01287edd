// data-copy="id" copies the value of that field; where the clipboard is refused, the value is selected.
import { toast } from "../toast.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    toast(button.dataset.copied, { kind: "success" });
  } catch {
    field.focus(); // it is selected: the keyboard's own copy works
  }
});
