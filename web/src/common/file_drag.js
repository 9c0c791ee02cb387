/** Files that are dragged over a page: they must never replace it. */

/**
 * `onOver()` while they are over the page, `onOut()` when they are not any more, and `onDrop(dataTransfer)`; with `onDrop`
 * null they may not fall.
 */
export function onFileDrag({ onOver, onOut, onDrop }) {
  // Both: where the first is not taken, as over what `onOver` shows, what falls next opens in place of the page.
  for (const type of ["dragenter", "dragover"]) {
    document.addEventListener(type, (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      if (onDrop && !isPicture(event)) onOver();
      else event.dataTransfer.dropEffect = "none";
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) onOut();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    onOut();
    if (!isPicture(event)) onDrop?.(event.dataTransfer);
  });
}

/** Those that were dropped themselves, without the folders among them. To be called while the event is handled. */
export function filesThemselves({ files, items }) {
  const entries = [...(items ?? [])].map((item) => item.webkitGetAsEntry?.() ?? null);
  return [...files].filter((_, index) => !entries[index]?.isDirectory);
}

function hasFiles({ dataTransfer }) {
  return dataTransfer?.types.includes("Files");
}

/** One that was dragged off a page comes as a file, too, but with its HTML. */
function isPicture({ dataTransfer }) {
  return dataTransfer.types.includes("text/html");
}
