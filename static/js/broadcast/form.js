// What the modules of the broadcast's form share: the form, what it began with, short ways to its parts.
export const form = document.querySelector("[data-broadcast-form]");
export const given = JSON.parse(document.getElementById("broadcast-given").textContent);
export const one = (selector, box = form) => box.querySelector(selector);
export const all = (selector, box = form) => [...box.querySelectorAll(selector)];
