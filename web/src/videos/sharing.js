/** The dialog by which a row's video is shared: that of its own address, shown over the list. */

import { openDialog } from "../common/dialogs.js";
import { readPage } from "../common/pages.js";
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

/** Opens that of the video which `link` leads to; the focus returns there. */
export async function share(page, link) {
  const dialog = (await readPage(link.href))?.querySelector("[data-share-dialog]");
  if (!dialog) {
    location.assign(link.href);
    return;
  }
  page.querySelector("[data-share-dialog]")?.remove();
  show(page.appendChild(document.adoptNode(dialog)), link);
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
