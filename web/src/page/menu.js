/** A `<details>` as a menu: Escape closes it, and so does whatever is pressed or focused elsewhere. */

export function menu(details) {
  const close = () => {
    details.open = false;
  };
  details.addEventListener("keydown", (event) => {
    // It closes the dialog that was opened from it, where there is one.
    if (event.key !== "Escape" || !details.open || event.target.closest("dialog")) return;
    close();
    details.querySelector("summary").focus();
  });
  for (const name of ["pointerdown", "focusin"]) {
    document.addEventListener(name, ({ target }) => {
      if (!details.contains(target)) close();
    });
  }
}
