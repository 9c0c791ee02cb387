/** Title, description and visibility while their video is on its way: what is changed is saved when the field is left. */

import { gettext } from "../common/i18n.js";
import { showErrors } from "./fields.js";

const NAMES = ["title", "description", "visibility"];

export class Details {
  #form;
  #fields;
  #unfold;
  #api;
  #saved = null;
  #id = null;
  #saving = Promise.resolve();

  /** `fields` of the form by name; `unfold()` brings them onto the page, where something is to be said beside them. */
  constructor({ form, fields, unfold, api }) {
    this.#form = form;
    this.#fields = fields;
    this.#unfold = unfold;
    this.#api = api;
    form.addEventListener("change", () => this.#save());
  }

  get values() {
    const values = Object.fromEntries(NAMES.map((name) => [name, this.#fields[name].value]));
    return { ...values, title: values.title.trim() };
  }

  /** From now on they belong to this video, which was made with `values`. */
  attach(id, values) {
    this.#id = id;
    this.#saved = values;
    this.#save();
  }

  /** The video is gone; the fields are for the next one. */
  detach() {
    this.#id = null;
  }

  showErrors(errors) {
    if (Object.keys(errors).length > 0) this.#unfold();
    showErrors(this.#form, errors);
  }

  /** Saves what differs, one call after the other so that the last word wins. */
  #save() {
    this.#saving = this.#saving.then(() => this.#saveNow());
  }

  async #saveNow() {
    const id = this.#id;
    if (!id) return;
    const values = this.values;
    const changes = Object.fromEntries(NAMES.filter((name) => values[name] !== this.#saved[name]).map((name) => [name, values[name]]));
    if (Object.keys(changes).length === 0) return;
    const note = this.#form.querySelector("[data-saved-note]");
    try {
      await this.#api.change(id, changes);
      if (id !== this.#id) return;
      this.#saved = values;
      this.showErrors({});
      note.textContent = gettext("Saved");
    } catch (failure) {
      if (id !== this.#id) return;
      note.textContent = "";
      this.showErrors(fieldErrors(failure, Object.keys(changes)[0]));
    }
  }
}

/** The server's errors by field name; one that names no field of ours goes to `fallback`. */
export function fieldErrors(failure, fallback) {
  const errors = {};
  for (const { pointer, detail } of failure.errors ?? []) {
    const name = pointer?.replace(/^#\//, "");
    errors[NAMES.includes(name) ? name : fallback] ??= detail;
  }
  if (Object.keys(errors).length === 0) {
    errors[fallback] = failure.isPassing
      ? gettext("Couldn’t save. Try again in a moment.")
      : (failure.detail ?? gettext("Couldn’t save."));
  }
  return errors;
}
