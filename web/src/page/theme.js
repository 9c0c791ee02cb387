/** The choice of light or dark takes effect at once: nothing that plays or uploads ends for it. */

export function themeChoice(form) {
  form.addEventListener("submit", (event) => {
    const { submitter } = event;
    event.preventDefault();
    document.documentElement.dataset.theme = submitter.value;
    for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button === submitter);
    // Where it is not kept, it holds for this page.
    fetch(form.action, { method: "POST", body: new URLSearchParams({ theme: submitter.value }), redirect: "manual" }).catch(() => {});
  });
}
