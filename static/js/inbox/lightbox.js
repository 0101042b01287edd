// A picture in full size.
import { one, root } from "./dom.js";

const dialog = one("#lightbox");

root.addEventListener("click", (event) => {
  const picture = event.target.closest("[data-lightbox]");
  if (!picture) return;
  one("[data-lightbox-name]", dialog).textContent = picture.dataset.name;
  one("[data-lightbox-download]", dialog).href = `${picture.dataset.lightbox}?download=1`;
  const image = one("[data-lightbox-image]", dialog);
  image.src = picture.dataset.lightbox;
  image.alt = picture.dataset.name;
  dialog.showModal();
});

dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => one("[data-lightbox-image]", dialog).removeAttribute("src"));
