/** Title, description and visibility while their video is on its way: what is changed is saved when the field is left. */

import { gettext } from "../../common/i18n.js";
import { VIDEO_FIELDS, fieldErrors, showErrors } from "../../common/video_fields.js";

export class Details {
  #form;
  #unfold;
  #say;
  #api;
  #saved = null;
  #id = null;
  #saving = Promise.resolve();

  /** `unfold()` brings the form onto the page, where something is to be said in it; `say(words)` stands below it. */
  constructor({ form, unfold, say, api }) {
    this.#form = form;
    this.#unfold = unfold;
    this.#say = say;
    this.#api = api;
    form.addEventListener("change", () => this.#save());
  }

  get values() {
    const values = Object.fromEntries(VIDEO_FIELDS.map((name) => [name, this.#form.elements[name].value]));
    return { ...values, title: values.title.trim() };
  }

  fill(values) {
    for (const name of VIDEO_FIELDS) this.#form.elements[name].value = values[name];
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
    const changes = Object.fromEntries(VIDEO_FIELDS.filter((name) => values[name] !== this.#saved[name]).map((name) => [name, values[name]]));
    if (Object.keys(changes).length === 0) return;
    try {
      await this.#api.change(id, changes);
      if (id !== this.#id) return;
      this.#saved = values;
      this.showErrors({});
      this.#say(gettext("Saved"));
    } catch (failure) {
      if (id !== this.#id) return;
      this.#say("");
      this.showErrors(fieldErrors(failure, Object.keys(changes)[0]));
    }
  }
}
