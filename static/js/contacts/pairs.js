// Custom fields in the contact form: rows of name and value that can be added and removed.

document.addEventListener("click", (event) => {
  const add = event.target.closest?.("[data-pair-add]");
  if (add) addPair(add.closest("fieldset"));
  const remove = event.target.closest?.("[data-pair-remove]");
  if (remove) removePair(remove.closest(".pair"));
});

function addPair(fieldset) {
  const row = fieldset.querySelector("template[data-pair]").content.cloneNode(true);
  fieldset.querySelector("[data-pairs]").append(row);
  fieldset.querySelector(".pair:last-child input").focus();
}

function removePair(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const focus = next?.querySelector("input") ?? row.closest("fieldset").querySelector("[data-pair-add]");
  row.remove();
  focus.focus();
}
