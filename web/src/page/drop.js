/** Files may be dropped on every page: the upload page opens beside it and is handed them. */

import { filesThemselves, onFileDrag } from "../common/file_drag.js";
import { gettext, ngettext } from "../common/i18n.js";
import { showToast } from "../common/toast.js";

// So long has the upload page to ask for them; it may have met a login page instead.
const ASK_MS = 10_000;
const OFFER_MS = 60_000;

/** `target` lies over the page while files do, and names the upload page; null where nobody may upload. */
export function dropToUpload(target) {
  onFileDrag({
    onOver: () => target?.showPopover(),
    onOut: () => target?.hidePopover(),
    onDrop: target && ((dataTransfer) => dropped(filesThemselves(dataTransfer), target.dataset.dropUrl)),
  });
}

function dropped(files, url) {
  if (files.length > 0) hand(files, url);
  else showToast(gettext("Drop folders on the upload page."));
}

function hand(files, url) {
  const tab = window.open(`${url}?dropped=${encodeURIComponent(location.origin)}`);
  if (!tab) {
    offer(files, url);
    return;
  }
  const { origin } = new URL(url);
  const late = setTimeout(() => {
    window.removeEventListener("message", give);
    offer(files, url);
  }, ASK_MS);
  function give(event) {
    if (event.origin !== origin || event.source !== tab) return;
    window.removeEventListener("message", give);
    clearTimeout(late);
    tab.postMessage(files, origin);
  }
  window.addEventListener("message", give);
}

/** The browser, or a login page, was in the way: what is clicked may open a tab. */
function offer(files, url) {
  const count = files.length;
  showToast(ngettext("%(n)s file couldn’t be handed to the upload page.", "%(n)s files couldn’t be handed to the upload page.", count), {
    action: { label: ngettext("Upload %(n)s file", "Upload %(n)s files", count), run: () => hand(files, url) },
    lifeMs: OFFER_MS,
  });
}
