/** What a person says of a video, and the errors that are shown beside the fields. */

import { SIGNED_OUT } from "./failures.js";
import { gettext } from "./i18n.js";

export const VIDEO_FIELDS = ["title", "description", "visibility"];

/** Shows each message beside its field, takes the others away, and moves the focus to the first fault unless told not to. */
export function showErrors(form, errors, { isFocused = true } = {}) {
  let first = null;
  for (const place of form.querySelectorAll("[data-error-of]")) {
    const name = place.dataset.errorOf;
    const field = form.elements[name];
    const message = errors[name] ?? "";
    place.textContent = message;
    place.hidden = !message;
    if (message) field?.setAttribute("aria-invalid", "true");
    else field?.removeAttribute("aria-invalid");
    if (message) first ??= field;
  }
  if (isFocused) first?.focus();
}

/** The server's errors by field name; one that names no field of ours (`names`) goes to `fallback`. */
export function fieldErrors(failure, fallback, names = VIDEO_FIELDS) {
  const errors = {};
  for (const { pointer, detail } of failure.errors ?? []) {
    const name = pointer?.replace(/^#\//, "");
    errors[names.includes(name) ? name : fallback] ??= detail;
  }
  if (Object.keys(errors).length === 0) {
    errors[fallback] = failure.kind === SIGNED_OUT
      ? gettext("You’ve been logged out. Log in again in another tab, then save here.")
      : failure.isPassing
      ? gettext("Couldn’t save. Try again in a moment.")
      : (failure.detail ?? gettext("Couldn’t save."));
  }
  return errors;
}
