/** Files that were dropped on another page of ours, which has opened this one to take them (src/page/drop.js). */

/** `origins` are those of our pages; `onFiles(files)` is called once, if there are any. */
export function handedFiles(origins, onFiles) {
  const from = new URLSearchParams(location.search).get("dropped");
  if (from === null) return;
  // Asked for once: who loads the page anew has nothing to hand over.
  history.replaceState(null, "", location.pathname);
  const { opener } = window;
  if (!opener || !origins.includes(from)) return;
  window.addEventListener("message", function take({ origin, source, data }) {
    if (origin !== from || source !== opener) return;
    window.removeEventListener("message", take);
    onFiles(data.filter((file) => file instanceof File));
  });
  opener.postMessage("ready", from);
}
