/** Copying a video's link: with it is said who can open it, and that can be changed there. */

import { gettext } from "./i18n.js";
import { showToast } from "./toast.js";

/**
 * Resolves to whether it is copied. `shown` is where the link stands on the page, to be copied by hand where the browser does not let a page do it;
 * `visibility` is the control of who can open it, or null for a viewer, who reads `words` instead.
 */
export async function copyLink(url, { shown, visibility = null, words = "" }) {
  try {
    await navigator.clipboard.writeText(url);
  } catch {
    if (shown.select) shown.select();
    else getSelection().selectAllChildren(shown);
    showToast(gettext("Couldn’t copy the link. It’s selected: copy it yourself."));
    return false;
  }
  const who = visibility?.selectedOptions[0].text ?? words;
  showToast(gettext("Link copied. %(visibility)s", { visibility: who }), {
    action: visibility && { label: gettext("Change"), run: () => open(visibility) },
  });
  return true;
}

function open(select) {
  select.focus({ focusVisible: true });
  try {
    select.showPicker();
  } catch {
    // Not in every browser, and not from everywhere: it has the focus.
  }
}
