/** A button that copies the text, or the field, which it names, and says so itself; without leave to, it selects it. */

export function copyText(button) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
      label.textContent = button.dataset.copied;
    } catch {
      // Over plain HTTP, say: then it is copied by hand.
      if (source.select) source.select();
      else getSelection().selectAllChildren(source);
    }
  });
}
