/** The list of what was begun and not completed: how much of each has arrived, and discarding one. */

import { formatShare } from "../common/format.js";
import { gettext } from "../common/i18n.js";
import { showToast } from "../common/toast.js";

/** `section` holds the list; it goes when its last item has gone. */
export function unfinishedList(section, { api, language = document.documentElement.lang }) {
  for (const item of section.querySelectorAll("[data-unfinished]")) showArrived(item, { api, language });

  section.addEventListener("submit", async (event) => {
    event.preventDefault();
    const item = event.target.closest("[data-unfinished]");
    const { unfinished: id, title } = item.dataset;
    event.target.closest("[popover]").hidePopover();
    try {
      await api.remove(id);
    } catch (failure) {
      showToast(failure.detail ?? gettext("“%(title)s” could not be discarded just now. Try again in a moment.", { title }));
      return;
    }
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    if (!neighbour) section.remove();
    (neighbour?.querySelector("button") ?? document.querySelector("[name='file']")).focus();
    showToast(gettext("“%(title)s” is discarded.", { title }));
  });
}

/** Asked for one by one when the page is there: the storage is what knows. */
async function showArrived(item, { api, language }) {
  try {
    const { size, received = [] } = await api.read(item.dataset.unfinished);
    const arrived = received.reduce((sum, part) => sum + part.size, 0);
    const words = gettext("%(share)s has arrived", { share: formatShare(arrived / size, language) });
    item.querySelector("[data-arrived]").textContent = ` · ${words}`;
  } catch {
    // The line is right without it.
  }
}
