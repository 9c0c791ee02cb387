/** Title, description and visibility while their video is on its way: what is changed is saved as one types. */

import { gettext } from "../../common/i18n.js";
import { VIDEO_FIELDS, fieldErrors, showErrors } from "../../common/video_fields.js";

export class Details {
  #form;
  #names;
  #open;
  #say;
  #onChange;
  #api;
  #saver;
  #saved = null;
  #id = null;

  /**
   * `open()` brings the form onto the page, where something must be typed in it; `say(words)` reaches those who listen;
   * `onChange()` is called when a value has changed. Without a `saver` they are for the beginning of the upload alone.
   */
  constructor({ form, open, say, onChange, api, saver }) {
    this.#form = form;
    this.#names = VIDEO_FIELDS.filter((name) => form.elements[name]);
    this.#open = open;
    this.#say = say;
    this.#onChange = onChange;
    this.#api = api;
    this.#saver = saver;
    form.addEventListener("input", ({ target }) => {
      this.#note([target.name], "");
      onChange();
      if (this.#id) saver?.soon(this);
    });
    form.addEventListener("change", () => this.#id && saver?.now(this));
  }

  get values() {
    const values = Object.fromEntries(this.#names.map((name) => [name, this.#form.elements[name].value]));
    return { ...values, title: values.title.trim() };
  }

  /** Who can watch, in words. */
  get who() {
    return this.#form.elements.visibility?.selectedOptions[0].text ?? "";
  }

  /** The same in one, for a line that has room for no more. */
  get visibilityName() {
    return this.#form.elements.visibility?.selectedOptions[0].dataset.name ?? "";
  }

  /** As if somebody had typed them. */
  fill(values) {
    for (const name of this.#names) if (name in values) this.#form.elements[name].value = values[name];
    this.#onChange();
    if (this.#id) this.#saver?.now(this);
  }

  /** From now on they belong to this video, which was made with `values`. */
  attach(id, values) {
    this.#id = id;
    this.#saved = values;
    this.#saver?.now(this);
  }

  /** The video is gone; the fields are for the next one. */
  detach() {
    this.#id = null;
  }

  showErrors(errors) {
    if (this.#names.some((name) => errors[name])) this.#open();
    showErrors(this.#form, errors);
  }

  /** Saves what differs. Rejects when another attempt may do. */
  async save() {
    const id = this.#id;
    const values = this.values;
    const changed = id ? this.#names.filter((name) => values[name] !== this.#saved[name]) : [];
    if (changed.length === 0) return;
    const errors = values.title ? {} : { title: gettext("Enter a title.") };
    const names = changed.filter((name) => !errors[name]);
    const changes = Object.fromEntries(names.map((name) => [name, values[name]]));
    try {
      if (names.length > 0) await this.#api.change(id, changes);
      if (id !== this.#id) return;
      this.#saved = { ...this.#saved, ...changes };
      this.#note(names, gettext("Saved"));
      if (names.length > 0) this.#say(gettext("Saved"));
    } catch (failure) {
      if (id !== this.#id) return;
      if (failure.isPassing) throw failure;
      Object.assign(errors, fieldErrors(failure, names[0]));
    }
    if (Object.keys(errors).length > 0) this.#open();
    // Whoever types elsewhere by now goes on there.
    showErrors(this.#form, errors, { isFocused: false });
  }

  /** The server does not answer just now. */
  delayed() {
    const values = this.values;
    this.#note(this.#names.filter((name) => values[name] !== this.#saved[name]), gettext("Not saved yet"));
  }

  #note(names, words) {
    for (const name of names) this.#form.querySelector(`[data-saved-of="${name}"]`).textContent = words;
  }
}
