/** A `<details>` as a menu: Escape closes it, and so does whatever is pressed or focused elsewhere. */

export function menu(details) {
  const close = () => {
    details.open = false;
  };
  details.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !details.open) return;
    close();
    details.querySelector("summary").focus();
  });
  for (const name of ["pointerdown", "focusin"]) {
    document.addEventListener(name, ({ target }) => {
      if (!details.contains(target)) close();
    });
  }
}
