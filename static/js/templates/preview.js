// The template as a phone will show it, samples in place of variables.
import { icon } from "../icon.js";

const ICONS = { URL: "external-link", PHONE_NUMBER: "phone", COPY_CODE: "copy", IMAGE: "photo", VIDEO: "video", DOCUMENT: "file", LOCATION: "map-pin" };

function line(name, ...content) {
  const made = document.createElement("p");
  made.className = name;
  made.dir = "auto";
  made.append(...content);
  return made;
}

function filled(part, component) {
  const example = component.example ?? {};
  const named = Object.fromEntries((example[`${part}_text_named_params`] ?? []).map((item) => [item.param_name, item.example]));
  const list = (part === "body" ? example.body_text?.[0] : example.header_text) ?? [];
  return (component.text ?? "").replace(/\{\{([^{}]*)\}\}/g, (whole, name) => named[name.trim()] || list[Number(name) - 1] || whole);
}

/** Draw components into the phone. */
export function draw(phone, components, form) {
  const bubble = phone.querySelector(".template-bubble").cloneNode(); // without what was in it
  const buttons = [];
  for (const part of components) {
    if (part.type === "HEADER" && part.format === "TEXT") bubble.append(line("template-header", filled("header", part)));
    else if (part.type === "HEADER") bubble.append(line("template-media", icon(ICONS[part.format] ?? "file", 24), form.elements.header_kind.selectedOptions[0].text));
    else if (part.type === "BODY") bubble.append(line("template-text", filled("body", part)));
    else if (part.type === "FOOTER") bubble.append(line("template-footer", part.text));
    else for (const item of part.buttons) buttons.push(line("template-button", icon(ICONS[item.type] ?? "arrow-back-up", 16), item.text || item.example || ""));
  }
  phone.replaceChildren(bubble, ...buttons);
}
