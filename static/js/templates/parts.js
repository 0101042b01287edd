// The builder's form as Meta's components, and components back into the form.
const VARIABLE = /\{\{([^{}]*)\}\}/g;

export const one = (selector, scope) => scope.querySelector(selector);
export const all = (selector, scope) => [...scope.querySelectorAll(selector)];

/** The variables of a text, each once, in their order. */
export function variables(text) {
  return [...new Set([...text.matchAll(VARIABLE)].map((found) => found[1].trim()))];
}

function samples(form, part) {
  return Object.fromEntries(all(`[data-samples="${part}"] input`, form).map((input) => [input.dataset.variable, input.value]));
}

const isNamed = (names) => names.some((name) => !/^\d+$/.test(name));

function withExample(form, part, text, named) {
  const names = variables(text);
  if (!names.length) return {};
  const values = samples(form, part);
  if (named) return { example: { [`${part}_text_named_params`]: names.map((name) => ({ param_name: name, example: values[name] ?? "" })) } };
  const list = names.map((name) => values[name] ?? "");
  return { example: { [`${part}_text`]: part === "body" ? [list] : list } };
}

function header(form, named) {
  const kind = form.elements.header_kind.value;
  if (!kind) return [];
  if (kind === "TEXT") {
    const text = form.elements.header.value;
    return [{ type: "HEADER", format: "TEXT", text, ...withExample(form, "header", text, named) }];
  }
  if (kind === "LOCATION") return [{ type: "HEADER", format: kind }];
  return [{ type: "HEADER", format: kind, example: { header_handle: form.dataset.handle ? [form.dataset.handle] : [] } }];
}

function buttonOf(box) {
  const made = { type: box.dataset.button };
  for (const input of all("[data-key]", box)) {
    const { key } = input.dataset;
    if (key !== "example") made[key] = input.value;
    else if (made.type === "COPY_CODE") made.example = input.value;
    else if (variables(made.url).length) made.example = [input.value];
  }
  return made;
}

/** What the form says, as the API takes it. */
export function bodyOf(form) {
  const text = form.elements.body.value;
  const headerText = form.elements.header_kind.value === "TEXT" ? form.elements.header.value : "";
  const named = isNamed([...variables(text), ...variables(headerText)]);
  const components = [...header(form, named), { type: "BODY", text, ...withExample(form, "body", text, named) }];
  if (form.elements.footer.value.trim()) components.push({ type: "FOOTER", text: form.elements.footer.value });
  const buttons = all("[data-button]", form).map(buttonOf);
  if (buttons.length) components.push({ type: "BUTTONS", buttons });
  return {
    device_id: Number(form.elements.device_id.value),
    name: form.elements.name.value.trim(),
    language: form.elements.language.value,
    category: form.elements.category.value,
    parameter_format: named ? "NAMED" : "POSITIONAL",
    components,
  };
}

/** Inputs for the samples of a text's variables; what was typed stays. */
export function showSamples(form, part, text, known = {}) {
  const place = one(`[data-samples="${part}"]`, form);
  const values = { ...known, ...samples(form, part) };
  const names = variables(text);
  const present = all("input", place).map((input) => input.dataset.variable);
  if (present.join() === names.join()) return;
  place.replaceChildren(...names.map((name, index) => {
    const made = document.getElementById("sample-field").content.cloneNode(true);
    const input = one("input", made);
    const label = one("label", made);
    input.id = `sample-${part}-${index}`;
    input.dataset.variable = name;
    input.value = values[name] ?? "";
    label.htmlFor = input.id;
    one("code", label).textContent = `{{${name}}}`;
    one("[data-problem]", made).dataset.problem = `${part}.example.${name}`;
    return made;
  }));
}

function samplesFrom(part, component) {
  const example = component.example ?? {};
  const named = example[`${part}_text_named_params`];
  if (named) return Object.fromEntries(named.map((item) => [item.param_name, item.example]));
  const list = (part === "body" ? example.body_text?.[0] : example.header_text) ?? [];
  return Object.fromEntries(list.map((value, index) => [String(index + 1), value]));
}

/** A button's inputs at the end of the list. */
export function addButton(form, kind, given = {}) {
  const box = document.getElementById(`button-${kind}`)?.content.cloneNode(true).firstElementChild;
  if (!box) return null;
  for (const input of all("[data-key]", box)) {
    const value = given[input.dataset.key];
    input.value = (Array.isArray(value) ? value[0] : value) ?? "";
  }
  one("[data-buttons]", form).append(box);
  return box;
}

/** Fill the form with a template's components. A media header's sample has to be uploaded anew. */
export function fillForm(form, components) {
  for (const part of components) {
    if (part.type === "HEADER") {
      form.elements.header_kind.value = part.format ?? "TEXT";
      form.elements.header.value = part.text ?? "";
      showSamples(form, "header", part.text ?? "", samplesFrom("header", part));
    } else if (part.type === "BODY") {
      form.elements.body.value = part.text ?? "";
      showSamples(form, "body", part.text ?? "", samplesFrom("body", part));
    } else if (part.type === "FOOTER") form.elements.footer.value = part.text ?? "";
    else if (part.type === "BUTTONS") (part.buttons ?? []).forEach((item) => addButton(form, item.type, item));
  }
}
