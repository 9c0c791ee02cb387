/** "My videos": what its forms do, without leaving the page; deleting and restoring at once, with a way back. */

import { gettext } from "../common/i18n.js";
import { showToast } from "../common/toast.js";
import { UploadApi } from "../common/uploads_api.js";
import { saveVisibilities } from "../common/visibility.js";
import { Editor } from "./editor.js";
import { takeRow } from "./rows.js";
import { share, shareNamed } from "./sharing.js";

const api = new UploadApi();

/** What a row can do: the call, the one that undoes it, and what is said. */
const MOVES = {
  trash: {
    call: (id) => api.trash(id),
    undo: (id) => api.restore(id),
    said: (title) => gettext("“%(title)s” moved to trash.", { title }),
  },
  restore: {
    call: (id) => api.restore(id),
    undo: (id) => api.trash(id),
    said: (title) => gettext("“%(title)s” restored.", { title }),
  },
  delete: {
    call: (id) => api.remove(id),
    undo: null,
    said: (title) => gettext("“%(title)s” deleted.", { title }),
  },
};

function videosPage(page) {
  const editor = new Editor({ page, api });
  shareNamed(page);

  async function move(row, { call, undo, said }, isByKeyboard) {
    const { video: id, title } = row.dataset;
    const place = takeRow(row);
    const moved = call(id);
    const closeToast = showToast(said(title), {
      action: undo && { label: gettext("Undo"), run: () => takeBack(row, place, { moved, undo }) },
      isFocused: isByKeyboard && undo !== null,
      returnFocus: () => place.following() ?? page.querySelector("[data-heading]"),
    });
    if (!undo) (place.following() ?? page.querySelector("[data-heading]")).focus();
    showIfEmpty();
    try {
      await moved;
    } catch (failure) {
      closeToast();
      putBack(row, place);
      showToast(notMoved(title, failure));
    }
  }

  async function takeBack(row, place, { moved, undo }) {
    putBack(row, place);
    try {
      // Never before the first call has been answered: the last word must be the last.
      await moved;
    } catch {
      // It is where it was, and `move` has said so.
      return;
    }
    try {
      await undo(row.dataset.video);
    } catch (failure) {
      takeRow(row);
      showIfEmpty();
      showToast(notMoved(row.dataset.title, failure));
    }
  }

  function putBack(row, place) {
    place.putBack();
    showIfEmpty();
    row.querySelector("button, a.button").focus();
  }

  function showIfEmpty() {
    const isEmpty = page.querySelector("[data-video]") === null;
    const isLast = page.querySelector("[rel='next']") === null;
    page.querySelector("[data-list]").hidden = isEmpty;
    page.querySelector("[data-empty]").hidden = !isEmpty || !isLast;
  }

  page.addEventListener("submit", (event) => {
    const kind = MOVES[event.target.dataset.move];
    if (!kind) return;
    event.preventDefault();
    move(event.target.closest("[data-video]"), kind, event.submitter.matches(":focus-visible"));
  });
  page.addEventListener("click", (event) => {
    const link = event.target.closest("[data-edit], [data-share]");
    // With a modifier the person wants a tab or a window of its own.
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (link.matches("[data-edit]")) editor.open(link);
    else share(page, link);
  });
}

function notMoved(title, failure) {
  const reason = failure.detail ?? gettext("The server couldn’t be reached.");
  return gettext("Couldn’t change “%(title)s”. %(reason)s", { title, reason });
}

saveVisibilities();
videosPage(document.querySelector("[data-videos-page]"));
