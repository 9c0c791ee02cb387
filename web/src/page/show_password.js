/** A button that shows what is typed into the password field it names, and hides it again. */

export function showPassword(button) {
  const field = document.getElementById(button.dataset.showPassword);
  button.hidden = false;
  const set = (isShown) => {
    field.type = isShown ? "text" : "password";
    button.ariaPressed = String(isShown);
  };
  button.addEventListener("click", () => set(field.type === "password"));
  // A browser offers to keep what was sent as a password, and only that.
  field.form.addEventListener("submit", () => set(false));
}
