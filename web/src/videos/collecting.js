/** The dialog by which videos are put into collections: the page for that, without leaving My videos. */

import { openDialog } from "../common/dialogs.js";
import { gettext } from "../common/i18n.js";
import { readPage } from "../common/pages.js";
import { showToast } from "../common/toast.js";

// So many does one form take.
const SLICE = 100;

/** Opens it for the videos with these ids, at that page's address. The focus returns to what opened it. */
export async function collect(page, address, ids, opener) {
  const fresh = await readPage(address);
  if (!fresh?.querySelector("[data-choose]")) {
    // It says itself why it cannot be shown.
    location.assign(address);
    return;
  }
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-labelledby", "choose-heading");
  dialog.setAttribute("closedby", "any");
  fill(dialog, fresh);
  dialog.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close]")) return;
    event.preventDefault();
    dialog.close();
  });
  dialog.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    if (dialog.ariaBusy === "true") return;
    dialog.ariaBusy = "true";
    (form.matches("[data-choose-form]") ? save(dialog, form, ids) : search(dialog, form)).finally(() => {
      dialog.ariaBusy = null;
    });
  });
  page.append(dialog);
  openDialog(dialog, opener);
  dialog.addEventListener("close", () => dialog.remove());
}

function fill(dialog, fresh) {
  const choice = document.adoptNode(fresh.querySelector("[data-choose]"));
  for (const box of choice.querySelectorAll("[data-some]")) box.indeterminate = true;
  dialog.replaceChildren(choice);
}

async function search(dialog, form) {
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form));
  const fresh = await readPage(address);
  if (!fresh) return;
  fill(dialog, fresh);
  dialog.querySelector("[type='search']")?.focus();
}

async function save(dialog, form, ids) {
  const fields = new FormData(form);
  try {
    for (let from = 0; from < ids.length; from += SLICE) {
      fields.delete("ids");
      for (const id of ids.slice(from, from + SLICE)) fields.append("ids", id);
      const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "text/html" } });
      if (!answer.ok) {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (fresh.querySelector("[data-choose]")) fill(dialog, fresh);
        else showToast(gettext("The collections couldn’t be saved. Try again."));
        return;
      }
      // What was made for the first of them is there for the others.
      const made = new URL(answer.url).searchParams.get("made");
      if (made) fields.append("collections", made);
      fields.set("title", "");
    }
    dialog.close();
    showToast(gettext("Collections saved."));
  } catch {
    showToast(gettext("No connection. Nothing was saved. Try again."));
  }
}
