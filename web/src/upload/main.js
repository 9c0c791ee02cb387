/** The upload page: from the form to an Upload and its panel. */

import { formatSize } from "../common/format.js";
import { gettext } from "../common/i18n.js";
import { UploadApi } from "./api.js";
import { Details, fieldErrors } from "./details.js";
import { OFFLINE, SIGNED_OUT } from "./failures.js";
import { titleFromFileName } from "./file_title.js";
import { Panel } from "./panel.js";
import { Upload } from "./upload.js";
import { keepAwake } from "./wake_lock.js";
import { shareWords } from "./words.js";

const TICK_MS = 250;

function uploadPage(form) {
  const page = form.closest("[data-upload-page]");
  const status = page.querySelector("[data-status]");
  const say = (words) => {
    status.textContent = words;
  };
  const panel = new Panel(page.querySelector("[data-upload-panel]"), { say });
  const api = new UploadApi();
  const pageTitle = document.title;
  const language = document.documentElement.lang;
  const { file: fileField, title: titleField } = form.elements;
  const drop = form.querySelector("[data-drop]");
  const submit = form.querySelector("[data-submit]");
  const details = new Details({ form, api });
  let upload = null;
  // What we wrote into the title, so that another file may replace it but never a person's own words.
  let suggestedTitle = "";

  function fileChosen() {
    const file = fileField.files[0];
    form.querySelector("[data-chosen]").hidden = !file;
    drop.toggleAttribute("data-filled", Boolean(file));
    if (!file) return;
    form.querySelector("[data-chosen-name]").textContent = file.name;
    form.querySelector("[data-chosen-size]").textContent = formatSize(file.size, language);
    details.showErrors({});
    if (titleField.value.trim() === "" || titleField.value === suggestedTitle) {
      suggestedTitle = titleFromFileName(file.name, titleField.maxLength > 0 ? titleField.maxLength : undefined);
      titleField.value = suggestedTitle;
    }
  }

  function begin(event) {
    event.preventDefault();
    if (upload?.isUnderWay || upload?.state === "done") return;
    const file = fileField.files[0];
    const errors = {};
    if (!file) errors.file = gettext("Choose a video first.");
    else if (file.size === 0) errors.file = gettext("This file is empty. Choose another.");
    if (!titleField.value.trim()) errors.title = gettext("Give it a title.");
    details.showErrors(errors);
    if (Object.keys(errors).length > 0) return;
    run(file, details.values);
  }

  function run(file, values) {
    upload = new Upload({ file, api });
    const mine = upload;
    mine.addEventListener("statechange", () => mine === upload && show());
    mine.addEventListener("uploadcreated", () => {
      panel.showLink(page.dataset.watchRoot + mine.record.id);
      details.attach(mine.record.id, values);
      show();
    });
    form.querySelector("[data-form-error]").hidden = true;
    note("");
    start(mine, { ...values, filename: file.name, size: file.size, content_type: file.type });
    panel.heading.focus();
  }

  async function start(mine, fields) {
    const ticking = setInterval(tick, TICK_MS);
    const letSleep = keepAwake();
    await mine.start(fields);
    clearInterval(ticking);
    letSleep();
    if (mine === upload && mine.state === "failed" && !mine.record) refused(mine.failure);
  }

  /** The server would not begin: nothing was sent, the form is there again with the reason. */
  function refused(failure) {
    upload = null;
    const errors = failure.errors ? fieldErrors(failure, "file") : {};
    details.showErrors(errors);
    const place = form.querySelector("[data-form-error]");
    place.hidden = Object.keys(errors).length > 0;
    place.textContent = failure.detail ?? gettext("The upload could not be started.");
    if (!place.hidden) submit.focus();
  }

  function show() {
    const { state, record } = upload;
    const isRunning = upload.isUnderWay || state === "done" || (state === "failed" && record !== null);
    for (const part of page.querySelectorAll("[data-only-before]")) part.hidden = isRunning;
    for (const part of page.querySelectorAll("[data-only-running]")) part.hidden = !isRunning;
    const hadFocus = panel.heading.parentElement.contains(document.activeElement);
    panel.show(upload);
    // What had the focus may be gone now; it must not fall back to the top of the page.
    if (hadFocus && document.activeElement === document.body) panel.heading.focus();
    tick();
  }

  function tick() {
    if (!upload) return;
    panel.tick(upload);
    document.title = upload.state === "sending" ? `${shareWords(upload.progress, language)} · ${pageTitle}` : pageTitle;
  }

  async function cancel() {
    page.querySelector("[data-cancel-sure]").hidePopover();
    details.detach();
    const removing = upload.cancel();
    document.title = pageTitle;
    fileField.focus();
    note(gettext("Cancelling…"));
    note(
      (await removing)
        ? gettext("Cancelled. What had been sent is discarded.")
        : gettext("Cancelled. The server could not be told; what had been sent is discarded by itself after seven days."),
    );
  }

  function note(words) {
    const place = form.querySelector("[data-form-note]");
    place.hidden = !words;
    place.textContent = words;
  }

  fileField.addEventListener("change", fileChosen);
  for (const name of ["dragenter", "dragleave", "drop"]) {
    fileField.addEventListener(name, () => drop.toggleAttribute("data-over", name === "dragenter"));
  }
  form.addEventListener("submit", begin);
  page.addEventListener("click", async ({ target }) => {
    const action = target.closest("[data-action]")?.dataset.action;
    if (action === "try-now") upload.tryNow();
    if (action === "again") start(upload);
    if (action === "cancel") cancel();
    if (action === "copy") {
      await navigator.clipboard.writeText(page.querySelector("[data-panel='watch-link']").href);
      say(gettext("Copied"));
      target.closest("[data-action]").querySelector("[data-label]").textContent = gettext("Copied");
    }
  });
  window.addEventListener("online", () => {
    if (upload?.trouble?.failure.kind === OFFLINE) upload.tryNow();
  });
  // Coming back from the tab where one logged in is as good as pressing the button.
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && upload?.trouble?.failure.kind === SIGNED_OUT) upload.tryNow();
  });
  window.addEventListener("beforeunload", (event) => {
    if (upload?.isUnderWay) event.preventDefault();
  });

  submit.disabled = false;
  // After "back", a browser may have kept the file.
  fileChosen();
}

uploadPage(document.querySelector("[data-upload]"));
