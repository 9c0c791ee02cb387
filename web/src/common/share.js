/** The dialog by which a video is shared: what its buttons do. */

import { copyLink, openChoice } from "./copy_link.js";
import { gettext } from "./i18n.js";
import { dialogLinks } from "./links.js";
import { dialogPeople } from "./people.js";

/** `moment()`, where there is a player: `{seconds, text}` of where it is. */
export function shareDialog(dialog, { moment = () => ({ seconds: 0 }) } = {}) {
  const field = dialog.querySelector("input");
  const copy = dialog.querySelector("[data-copy-link]");
  const copyMoment = dialog.querySelector("[data-copy-moment]");
  const send = dialog.querySelector("[data-send]");
  const url = copy.dataset.copyLink;
  copy.hidden = false;
  dialogPeople(dialog);
  dialogLinks(dialog);
  // A desk's system has little to share with; a phone has everybody.
  send.hidden = !(navigator.share && matchMedia("(pointer: coarse)").matches);

  dialog.addEventListener("opening", () => {
    // Where it is as one asks: it may go on meanwhile.
    const { seconds, text } = moment();
    copyMoment.hidden = seconds < 1;
    if (copyMoment.hidden) return;
    copyMoment.dataset.copyLink = `${url}?t=${seconds}`;
    copyMoment.textContent = gettext("Copy link at %(time)s", { time: text });
  });
  dialog.addEventListener("click", async ({ target }) => {
    const link = target.closest("[data-copy-link]")?.dataset.copyLink;
    if (link) await copied(link);
    // Who thinks better of it has not failed.
    if (target.closest("[data-send]")) await navigator.share({ url, title: document.title }).catch(() => {});
  });

  async function copied(link) {
    field.value = link;
    // The control that stays when this is closed.
    const controls = document.querySelectorAll(`[data-visibility-of="${dialog.dataset.shareDialog}"]`);
    const visibility = [...controls].find((control) => !dialog.contains(control)) ?? null;
    const words = visibility?.selectedOptions[0].text ?? dialog.querySelector("[data-who]").textContent.trim();
    if (await copyLink(link, { shown: field, words, change: visibility && (() => openChoice(visibility)) })) dialog.close();
  }
}
