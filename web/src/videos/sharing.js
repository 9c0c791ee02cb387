/** The dialog by which a row's video is shared. */

import { openDialog } from "../common/dialogs.js";
import { gettext } from "../common/i18n.js";
import { shareDialog } from "../common/share.js";

/** Opens the one that the page came with, if its address named one. */
export function shareNamed(page) {
  const dialog = page.querySelector("[data-share-dialog]");
  if (!dialog) return;
  const address = new URL(location.href);
  address.searchParams.delete("share");
  history.replaceState(null, "", address);
  show(dialog, page.querySelector(`[data-video="${dialog.dataset.shareDialog}"] [data-share]`) ?? document.body);
}

/** Opens that of a row's video, at once: the row has all that it says. The focus returns to what opened it. */
export function share(page, row) {
  const { video: id, title } = row.dataset;
  const url = row.querySelector("a.video-title").href;
  const dialog = page.querySelector("[data-share-blank]").content.firstElementChild.cloneNode(true);
  dialog.dataset.shareDialog = id;
  dialog.querySelector("h2").textContent = gettext("Share “%(title)s”", { title });
  dialog.querySelector("input").value = url;
  dialog.querySelector("[data-copy-link]").dataset.copyLink = url;
  const hidden = row.querySelector(".tag[data-hidden]");
  if (hidden) dialog.querySelector("[data-who]").replaceChildren(hidden.cloneNode(true));
  else takeControl(dialog.querySelector("select"), row.querySelector("[data-visibility-of]"));
  page.querySelector("[data-share-dialog]")?.remove();
  show(page.appendChild(dialog), row.querySelector("[data-share]"));
}

/** The same control of the same video, in more words. */
function takeControl(select, shown) {
  Object.assign(select.dataset, shown.dataset);
  select.setAttribute("aria-label", shown.getAttribute("aria-label"));
  for (const [index, option] of [...select.options].entries()) option.defaultSelected = shown.options[index].defaultSelected;
  select.value = shown.value;
}

function show(dialog, opener) {
  shareDialog(dialog);
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  openDialog(dialog, opener);
  dialog.addEventListener("close", () => dialog.remove());
}
