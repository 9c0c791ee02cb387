/** A form's fields and the faults that are said beside them. */

/** Shows each message beside its field, takes the others away, and moves the focus to the first fault. */
export function showErrors(form, errors) {
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
  first?.focus();
}
