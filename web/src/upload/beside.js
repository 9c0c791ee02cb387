/** Going elsewhere while something is being sent: beside the page, which goes on. */

/** Links, and forms that only ask for a page, open in a new tab while `isBusy()`. */
export function openBeside(isBusy) {
  const ours = new WeakSet();
  function aim(way) {
    if (!way || (way.target && !ours.has(way))) return;
    ours.add(way);
    way.rel = "noopener";
    way.target = isBusy() ? "_blank" : "";
  }
  document.addEventListener("click", ({ target }) => aim(target.closest("a[href]:not([href^='#'])")), { capture: true });
  document.addEventListener("submit", ({ target }) => target.matches("[method='get']") && aim(target), { capture: true });
}
