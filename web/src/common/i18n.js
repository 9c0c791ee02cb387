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

/** Which of the forms of a message, in the order of gettext's catalogues, which is CLDR's. */
export function pluralOf(language) {
  const rules = new Intl.PluralRules(language);
  const used = rules.resolvedOptions().pluralCategories;
  const forms = ["zero", "one", "two", "few", "many", "other"].filter((category) => used.includes(category));
  return (n) => forms.indexOf(rules.select(n));
}

// What the server has put into the page; none where the page speaks the sources' own language.
const words = globalThis.document?.querySelector?.("script[data-words]");
if (words) setCatalogue({ entries: JSON.parse(words.textContent), plural: pluralOf(document.documentElement.lang) });

function fill(text, values) {
  return text.replace(/%(?:%|\((\w+)\)s)/g, (whole, name) => {
    if (name === undefined) return "%";
    return name in values ? String(values[name]) : whole;
  });
}
