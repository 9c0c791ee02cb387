/** A collection's page: its videos are put in order by dragging or by keyboard, and the order is kept at once. */

import { openDialog } from "../common/dialogs.js";
import { gettext } from "../common/i18n.js";
import { reasonOf } from "../common/reasons.js";
import { shareDialog } from "../common/share.js";
import { showToast } from "../common/toast.js";
import { UploadApi } from "../common/uploads_api.js";
import { Order } from "./order.js";

const list = document.querySelector("[data-order]");

function orderOf(list) {
  const api = new UploadApi({ root: "/v1/collections" });
  const status = document.querySelector("[data-order-status]");
  // One after the other, as they were made: each says behind which video.
  let last = Promise.resolve();

  function number() {
    for (const [index, row] of [...list.children].entries()) {
      row.querySelector("[data-number]").textContent = Number(list.dataset.offset) + index + 1;
    }
  }

  function say(words) {
    status.textContent = words;
  }

  function placeOf(row) {
    const place = Number(list.dataset.offset) + [...list.children].indexOf(row) + 1;
    return { title: row.dataset.title, place, count: list.dataset.count };
  }

  new Order(list, {
    moved(row) {
      number();
      say(gettext("“%(title)s”: place %(place)s of %(count)s", placeOf(row)));
    },
    back(row) {
      number();
      say(gettext("“%(title)s” is back at place %(place)s.", placeOf(row)));
    },
    dropped(row, putBack) {
      number();
      say(gettext("“%(title)s” moved to place %(place)s of %(count)s.", placeOf(row)));
      const after = row.previousElementSibling?.dataset.video ?? list.dataset.previous ?? null;
      last = last.then(() => api.place(list.dataset.order, row.dataset.video, after)).catch((failure) => {
        putBack();
        number();
        const { reason, action } = reasonOf(failure);
        showToast(gettext("Couldn’t move “%(title)s”. %(reason)s", { title: row.dataset.title, reason }), { action });
      });
    },
  });
}

if (list) orderOf(list);
shareDialog(document.querySelector("[data-share-dialog]"));
// What was refused came open with the page; beside it nothing is to be used.
const refused = document.querySelector("[data-edit-collection][open]");
if (refused) openDialog(refused, document.querySelector("[popovertarget='edit-collection']"));
