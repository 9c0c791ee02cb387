/** A video that is not to be continued goes out of its row at once, with a way back. */

import { gettext } from "../common/i18n.js";
import { showToast } from "../common/toast.js";

const TIMEOUT_MS = 10_000;

export function forgetting(form) {
  const { title, seconds, duration } = form.dataset;
  const card = form.closest("[data-video]");
  const section = card.closest("section");
  const row = card.parentElement;
  const button = form.querySelector("button");

  const call = async (method, content) => {
    const answer = await fetch(`/v1/videos/${card.dataset.video}/position`, {
      method,
      headers: { "Content-Type": "application/json" },
      body: content && JSON.stringify(content),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(`${method}: ${answer.status}`);
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const after = card.nextElementSibling;
    button.disabled = true;
    try {
      await call("DELETE");
    } catch {
      // As without scripts: the browser says what is wrong.
      form.submit();
      return;
    }
    button.disabled = false;
    card.remove();
    section.hidden = row.children.length === 0;
    showToast(gettext("“%(title)s” removed from this list.", { title }), {
      isFocused: true,
      returnFocus: () => row.querySelector("[data-forget] button") ?? document.querySelector("main"),
      action: {
        label: gettext("Undo"),
        run: async () => {
          try {
            await call("PUT", { seconds: Number(seconds), ...(duration && { duration: Number(duration) }) });
          } catch {
            showToast(gettext("The server couldn’t be reached."));
            return;
          }
          row.insertBefore(card, after?.parentElement === row ? after : null);
          section.hidden = false;
          button.focus();
        },
      },
    });
  });
}
