/** Who can watch a video, as a control wherever that is shown: what is chosen is saved at once, with a way back. */

import { gettext } from "./i18n.js";
import { reasonOf } from "./reasons.js";
import { showToast } from "./toast.js";
import { UploadApi } from "./uploads_api.js";

/** From now on, for every control that is on the page or will be. */
export function saveVisibilities() {
  const videos = new Map();
  document.addEventListener("change", ({ target }) => {
    const id = target.dataset?.visibilityOf;
    if (!id) return;
    if (!videos.has(id)) videos.set(id, new Visibility(target));
    videos.get(id).choose(target.value);
  });
}

/** Every control of that video, which know now that this is saved; what they show is for the caller. */
export function takeAsSaved(id, value) {
  const selects = [...document.querySelectorAll(`[data-visibility-of="${id}"]`)];
  for (const option of selects.flatMap((select) => [...select.options])) option.defaultSelected = option.value === value;
  return selects;
}

class Visibility {
  #id;
  #title;
  #api;
  #wanted = null;
  #saving = Promise.resolve();
  #closeToast = () => {};

  constructor({ dataset: { visibilityOf, title, api } }) {
    this.#id = visibilityOf;
    this.#title = title;
    this.#api = new UploadApi({ root: api });
  }

  /** Shows it everywhere, and saves it; while an earlier one is being saved only the last word counts. */
  choose(value) {
    this.#wanted = value;
    for (const select of this.#selects) select.value = value;
    this.#saving = this.#saving.then(() => this.#save(value));
  }

  get #selects() {
    return document.querySelectorAll(`[data-visibility-of="${this.#id}"]`);
  }

  async #save(value) {
    const before = [...this.#selects[0].options].find((option) => option.defaultSelected).value;
    if (value !== this.#wanted || value === before) return;
    try {
      await this.#api.change(this.#id, { visibility: value });
    } catch (failure) {
      if (value !== this.#wanted) return;
      for (const select of this.#selects) select.value = before;
      const { reason, action } = reasonOf(failure);
      this.#say(gettext("Couldn’t change “%(title)s”. %(reason)s", { title: this.#title, reason }), action);
      return;
    }
    takeAsSaved(this.#id, value);
    const words = this.#selects[0].querySelector(`[value="${value}"]`).text;
    this.#say(gettext("“%(title)s”: %(visibility)s", { title: this.#title, visibility: words }), {
      label: gettext("Undo"),
      run: () => this.choose(before),
    });
  }

  #say(words, action = null) {
    this.#closeToast();
    this.#closeToast = showToast(words, { action, returnFocus: () => this.#selects[0] });
  }
}
