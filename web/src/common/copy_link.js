/** Copying a video's link: with it is said who can open it, and that can be changed there. */

import { gettext } from "./i18n.js";
import { showToast } from "./toast.js";

/**
 * Resolves to whether it is copied. `shown` is where the link stands on the page, to be copied by hand where the browser does not let a page do it;
 * `words` say who can open it, and `change()`, null for a viewer, lets that be changed.
 */
export async function copyLink(url, { shown, words, change = null }) {
  try {
    await navigator.clipboard.writeText(url);
  } catch {
    if (shown.select) shown.select();
    else getSelection().selectAllChildren(shown);
    showToast(gettext("Couldn’t copy the link. It’s selected: copy it yourself."));
    return false;
  }
  showToast(gettext("Link copied. %(visibility)s", { visibility: words }), {
    action: change && { label: gettext("Change"), run: change },
  });
  return true;
}

/** Moves the focus there and shows what there is to choose. */
export function openChoice(select) {
  select.focus({ focusVisible: true });
  try {
    select.showPicker();
  } catch {
    // Not in every browser, and not from everywhere: it has the focus.
  }
}
