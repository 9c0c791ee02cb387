/** The panel in which a video is edited: the page of its own address, shown beside the list. */

import { gettext } from "../common/i18n.js";
import { readPage } from "../common/pages.js";
import { showToast } from "../common/toast.js";
import { fieldErrors, showErrors } from "../common/video_fields.js";

export class Editor {
  #page;
  #api;

  constructor({ page, api }) {
    this.#page = page;
    this.#api = api;
    // The address named one: the server has opened it already.
    const opened = page.querySelector("[data-edit-panel]");
    if (opened) {
      const id = opened.querySelector("form").dataset.editForm;
      this.#take(opened, page.querySelector(`[data-video="${id}"] [data-edit]`));
    }
  }

  /** Opens the video that `link` leads to; the focus returns there. */
  async open(link) {
    const found = (await readPage(link.href))?.querySelector("[data-edit-panel]");
    if (!found) {
      location.assign(link.href);
      return;
    }
    this.#page.querySelector("[data-edit-panel]")?.remove();
    this.#take(this.#page.appendChild(document.adoptNode(found)), link);
  }

  #take(dialog, link) {
    const form = dialog.querySelector("form");
    dialog.removeAttribute("open");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#save(dialog, form);
    });
    dialog.addEventListener("click", (event) => {
      if (!event.target.closest("[data-close]")) return;
      event.preventDefault();
      dialog.close();
    });
    dialog.addEventListener("close", () => this.#closed(dialog, form, link));
    this.#show(dialog, form);
  }

  #show(dialog, form) {
    showAddress((query) => query.set("edit", form.dataset.editForm));
    dialog.showModal();
  }

  #closed(dialog, form, link) {
    showAddress((query) => query.delete("edit"));
    // The row, and the link in it, may have been redrawn.
    const id = form.dataset.editForm;
    (this.#page.querySelector(`[data-video="${id}"] [data-edit]`) ?? link)?.focus();
    if (Object.keys(changedFields(form)).length === 0) {
      dialog.remove();
      return;
    }
    showToast(gettext("You have unsaved changes."), {
      action: { label: gettext("Keep editing"), run: () => this.#show(dialog, form) },
    });
  }

  async #save(dialog, form) {
    const id = form.dataset.editForm;
    const isNamed = form.elements.title.value.trim() !== "";
    showErrors(form, isNamed ? {} : { title: gettext("Enter a title.") });
    if (!isNamed) return;
    const submit = form.querySelector("[type='submit']");
    submit.disabled = true;
    try {
      await this.#api.change(id, changedFields(form));
    } catch (failure) {
      const errors = fieldErrors(failure, "form");
      showErrors(form, errors);
      const place = form.querySelector("[data-form-error]");
      place.textContent = errors.form ?? "";
      place.hidden = !errors.form;
      return;
    } finally {
      submit.disabled = false;
    }
    takeAsSaved(form);
    dialog.close();
    showToast(gettext("Saved"));
    await this.#drawRow(id);
  }

  async #drawRow(id) {
    const row = this.#page.querySelector(`[data-video="${id}"]`);
    // Which says it of any video, also of one that this list, read again, would have elsewhere or not at all.
    const address = new URL(location.href);
    address.searchParams.set("edit", id);
    const fresh = (await readPage(address))?.querySelector("[data-row]").content.firstElementChild;
    if (!row || !fresh) return;
    fresh.querySelector("[data-pick]").checked = row.querySelector("[data-pick]").checked;
    const hadFocus = row.contains(document.activeElement);
    row.replaceWith(document.adoptNode(fresh));
    if (hadFocus) fresh.querySelector("[data-edit]").focus();
  }
}

function showAddress(change) {
  const address = new URL(location.href);
  change(address.searchParams);
  address.searchParams.delete("trashed");
  address.searchParams.delete("changed");
  history.replaceState(null, "", address);
}

/** What the person has changed, and nothing else: elsewhere another field may have been changed meanwhile. */
function changedFields(form) {
  const { title, description, visibility } = form.elements;
  const fields = {};
  if (title.value !== title.defaultValue) fields.title = title.value.trim();
  if (description.value !== description.defaultValue) fields.description = description.value;
  if ([...visibility.options].some((option) => option.selected !== option.defaultSelected)) {
    fields.visibility = visibility.value;
  }
  return fields;
}

function takeAsSaved(form) {
  const { title, description, visibility } = form.elements;
  title.defaultValue = title.value;
  description.defaultValue = description.value;
  for (const option of visibility.options) option.defaultSelected = option.selected;
}
