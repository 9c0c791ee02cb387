/** "My videos": what its forms do, without leaving the page; deleting and restoring at once, with a way back. */

import { gettext } from "../common/i18n.js";
import { fillPreviews } from "../common/previews.js";
import { reasonOf } from "../common/reasons.js";
import { showToast } from "../common/toast.js";
import { UploadApi } from "../common/uploads_api.js";
import { saveVisibilities } from "../common/visibility.js";
import { collect } from "./collecting.js";
import { Editor } from "./editor.js";
import { Many } from "./many.js";
import { readPage } from "../common/pages.js";
import { takeRow } from "./rows.js";
import { Selection } from "./selection.js";
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
  const selection = new Selection(page);
  new Many({ page, api, selection, onChange: (isElsewhere) => showRows(null, isElsewhere) });
  shareNamed(page);
  fillPreviews((row, fresh) => {
    const failed = fresh.querySelector(".video-preview");
    const said = row.querySelector("[data-preparing]");
    if (failed) said?.replaceWith(failed);
    else said?.remove();
  });
  // How often rows have come or gone, and whether some did on other pages of which this one does not know yet.
  let turns = 0;
  let isStale = false;

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
    try {
      // What follows on the next page is known once this is done.
      await Promise.all([moved, showRows(moved)]);
    } catch (failure) {
      closeToast();
      putBack(row, place);
      sayNotMoved(title, failure);
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
      showRows();
      sayNotMoved(row.dataset.title, failure);
    }
  }

  function putBack(row, place) {
    place.putBack();
    showRows();
    row.querySelector("button, a.button").focus();
  }

  /** After rows have come or gone, also on other pages; a page of which none is left shows those that follow, once `done`. */
  async function showRows(done = null, isElsewhere = false) {
    const turn = ++turns;
    isStale ||= isElsewhere;
    selection.show();
    const isEmpty = page.querySelector("[data-list] [data-video]") === null;
    const hasOthers = page.querySelector("[data-pages] a") !== null;
    page.querySelector("[data-list]").hidden = isEmpty;
    page.querySelector("[data-empty]").hidden = !isEmpty || hasOthers;
    if (!isStale && !(isEmpty && hasOthers)) return;
    await done;
    const fresh = await readOn();
    // What has happened since is not in it: whoever did that reads it again.
    if (!fresh || turn !== turns) return;
    isStale = false;
    page.querySelector("[data-pages]").replaceWith(fresh.querySelector("[data-pages]"));
    // Somebody may have taken it back meanwhile.
    const isStillEmpty = page.querySelector("[data-list] [data-video]") === null;
    if (isStillEmpty) page.querySelector("[data-list] tbody").append(...fresh.querySelectorAll("[data-list] [data-video]"));
    await showRows();
  }

  /** What this page has by now; where nothing is left of it, the first one. */
  async function readOn() {
    const fresh = await readPage(location.href);
    const first = fresh?.querySelector("[data-pages] [rel='first']");
    if (!first || fresh.querySelector("[data-list] [data-video]")) return fresh;
    history.replaceState(null, "", first.getAttribute("href"));
    return readPage(location.href);
  }

  page.addEventListener("submit", (event) => {
    const kind = MOVES[event.target.dataset.move];
    if (!kind) return;
    event.preventDefault();
    move(event.target.closest("[data-video]"), kind, event.submitter.matches(":focus-visible"));
  });
  page.addEventListener("click", (event) => {
    const link = event.target.closest("[data-edit], [data-share], [data-collect]");
    // With a modifier the person wants a tab or a window of its own.
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const row = link.closest("[data-video]");
    if (link.matches("[data-edit]")) editor.open(link);
    else if (link.matches("[data-collect]")) collect(page, link.href, [row.dataset.video], link);
    else share(page, row);
  });
}

function sayNotMoved(title, failure) {
  const { reason, action } = reasonOf(failure);
  showToast(gettext("Couldn’t change “%(title)s”. %(reason)s", { title, reason }), { action });
}

saveVisibilities();
videosPage(document.querySelector("[data-videos-page]"));
