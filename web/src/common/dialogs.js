/** Dialogs: modal ones, from which the focus returns to what opened them. */

/** Tells the dialog that it is `opening`, and shows it. */
export function openDialog(dialog, opener) {
  // As a popover it works without scripts, and as part of a page of its own it is there at once.
  dialog.removeAttribute("popover");
  dialog.removeAttribute("open");
  dialog.dispatchEvent(new Event("opening"));
  dialog.showModal();
  dialog.addEventListener(
    "close",
    () => {
      // Safari does not focus a button that is clicked, and so cannot come back to it.
      if (document.activeElement === document.body) opener.focus();
    },
    { once: true },
  );
}

/** Buttons that name a dialog by `popovertarget` open and close it, now and later. */
export function dialogButtons(page = document) {
  page.addEventListener("click", (event) => {
    const button = event.target.closest("[popovertarget]");
    const dialog = button && document.getElementById(button.getAttribute("popovertarget"));
    if (dialog?.localName !== "dialog") return;
    event.preventDefault();
    if (button.getAttribute("popovertargetaction") === "hide") dialog.close();
    else openDialog(dialog, button);
  });
}
