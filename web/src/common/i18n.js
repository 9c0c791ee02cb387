/**
 * Strings for people: every one passes through here, so that a catalogue can put another language in its place.
 * Placeholders are named, `%(name)s`, as in the templates; a literal per cent sign is `%%`.
 */

let messages = new Map();
let pluralForm = (n) => (n === 1 ? 0 : 1);

/** Installs a language: `entries` maps a message to its translation, or to the list of its plural forms. */
export function setCatalogue({ entries, plural }) {
  messages = new Map(Object.entries(entries));
  pluralForm = plural;
}

export function gettext(message, values = {}) {
  const translated = messages.get(message);
  return fill(typeof translated === "string" ? translated : message, values);
}

/** The form of a message for `n` things; `n` itself is a placeholder too. */
export function ngettext(singular, plural, n, values = {}) {
  const translated = messages.get(singular);
  const form = Array.isArray(translated) ? translated[pluralForm(n)] : undefined;
  return fill(form ?? (n === 1 ? singular : plural), { n, ...values });
}

function fill(text, values) {
  return text.replace(/%(?:%|\((\w+)\)s)/g, (whole, name) => {
    if (name === undefined) return "%";
    return name in values ? String(values[name]) : whole;
  });
}
