// Texts of the page's language, from the JSON that the base template prints (cloudchat/js_texts.py).

const source = document.getElementById("i18n");
const texts = source ? JSON.parse(source.textContent) : {};

/** The page's language, as Intl takes it. */
export const locale = document.documentElement.lang === "en" ? "en-GB" : "id-ID";

const plurals = new Intl.PluralRules(locale);

/** The text of a key; {name} is filled from values. With values.count, `key.one` is used where it fits. */
export function t(key, values = {}) {
  const one = "count" in values && plurals.select(values.count) === "one";
  const text = (one && texts[`${key}.one`]) || texts[key] || key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** Further texts that a page brings along in its own JSON block. */
export function addTexts(more) {
  Object.assign(texts, more);
}
