/** The search of the bar: opening it where it is a panel is wanting to type, and `/` leads to it from anywhere. */

export function searchPanel(panel) {
  if (!panel) return;
  const field = panel.querySelector("input");
  panel.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") field.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (!isSlash(event) || isTypedInto(event.target) || document.querySelector("dialog:modal")) return;
    event.preventDefault();
    // On a phone it is shut.
    if (field.offsetParent === null) panel.showPopover();
    field.focus();
    field.select();
  });
}

/** Also where the layout of the keyboard writes other letters there; some want Shift for it, or AltGr. */
function isSlash({ key, code, isComposing, defaultPrevented, metaKey, ctrlKey, altKey, shiftKey }) {
  if (isComposing || defaultPrevented || metaKey || ctrlKey || altKey) return false;
  return key === "/" || (code === "Slash" && !shiftKey && /^[^\x00-\x7f\p{Script=Latin}]$/u.test(key));
}

function isTypedInto(target) {
  return target.closest('input:not([type="range"], [type="checkbox"], [type="radio"]), textarea, select, [contenteditable]') !== null;
}
