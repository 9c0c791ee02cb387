/** A long description shows its first lines, with a button for the rest. Without this module all of it is there. */

import { gettext } from "../common/i18n.js";

export function foldDescription(fold) {
  const text = fold.querySelector("[data-fold-text]");
  const button = fold.querySelector("button");
  setOpen(false);
  // Everything fits: there is nothing to fold.
  if (text.scrollHeight <= text.clientHeight + 1) return;
  button.hidden = false;
  button.addEventListener("click", () => setOpen(button.getAttribute("aria-expanded") !== "true"));

  function setOpen(isOpen) {
    fold.toggleAttribute("data-folded", !isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    button.textContent = isOpen ? gettext("Show less") : gettext("Show more");
  }
}
