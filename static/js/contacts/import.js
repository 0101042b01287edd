// The upload: shows which file was chosen, by the picker or by dropping it.

const drop = document.querySelector("[data-drop]");
const input = drop.querySelector("input[type=file]");
const name = drop.querySelector("[data-drop-name]");
const empty = name.textContent;

input.addEventListener("change", () => {
  name.textContent = input.files[0]?.name ?? empty;
  drop.classList.toggle("has-file", input.files.length > 0);
});

for (const kind of ["dragenter", "dragover"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("is-over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  drop.addEventListener(kind, () => drop.classList.remove("is-over"));
}

drop.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  input.dispatchEvent(new Event("change"));
});
