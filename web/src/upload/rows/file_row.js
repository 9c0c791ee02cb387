/** One chosen file on the page: from its fields to the stored video, and what can be done with it on the way. */

import { systemClock } from "../../common/clock.js";
import { copyLink, openChoice } from "../../common/copy_link.js";
import { FILE_CHANGED } from "../../common/failures.js";
import { formatSize } from "../../common/format.js";
import { gettext } from "../../common/i18n.js";
import { reasonOf } from "../../common/reasons.js";
import { showToast } from "../../common/toast.js";
import { VIDEO_FIELDS, fieldErrors } from "../../common/video_fields.js";
import { titleFromFileName } from "../files/file_name.js";
import { forgetHandle, keepHandle } from "../files/handles.js";
import { hashingOf } from "../sending/hashing.js";
import { Upload } from "../sending/upload.js";
import { Details } from "./details.js";
import { figuresOf, lookOf, spokenOf } from "./row_look.js";
import { RowView } from "./row_view.js";

export class FileRow {
  #file;
  #record;
  #handle;
  #page;
  #view;
  #details;
  #announced = "";
  #isPreparing = false;

  /**
   * `record` is what the server has of an upload that this file goes on with, or null; `handle` (or a promise of it) is
   * where the file lies, where the browser says. `refusal` says why the file is not taken; then the row is all there is of it.
   * `isOpen`: its fields are on the page from the beginning. `visibility` is who can watch, where that was chosen for all.
   * `page` is what all rows share: `{template, api, preparing, saver, queue, pace, watchRoot, language}`, `onChange(row)` after every
   * change of state or title (whoever has the page calls `show()` when it is time to draw), and `say(words)`, which reaches
   * those who listen. `ask(row, words, opener)` asks whether to cancel it, unless `settle(row)` says that there is nothing to
   * cancel any more. `isGuest`: nothing of it can be changed once it is sent, and `preparing` is null; `fixed()` is what is said
   * of all files, beside their fields, and `showFixedErrors(errors)` shows what is wrong with it. `spare(record)`: what was begun with another file is not gone on with here.
   */
  constructor(file, { record = null, handle = null, refusal = null, isOpen = false, visibility = null }, page) {
    this.#file = file;
    this.#record = record;
    this.#handle = handle;
    this.#page = page;
    this.#view = new RowView(page.template);
    this.element = this.#view.element;
    this.isRefused = Boolean(refusal);
    this.isGone = false;
    this.upload = null;
    const { form } = this.#view;
    this.#details = new Details({ form, open: () => this.#view.open(), say: page.say, onChange: () => page.onChange(this), api: page.api, saver: page.isGuest ? null : page.saver });
    const { elements } = form;
    elements.title.value = this.#titleOfFile;
    if (visibility) elements.visibility.value = visibility;
    if (record) for (const name of VIDEO_FIELDS) if (elements[name]) elements[name].value = record[name];
    this.#view.text("figures", formatSize(file.size, page.language));
    this.#view.text("remove-label", gettext("Remove %(name)s", { name: file.name }));
    this.#view.message("refusal", refusal);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.enqueue({ isFocused: true });
    });
    this.element.addEventListener("click", (event) => this.#clicked(event));
    this.#view.open(isOpen);
    this.show();
  }

  get file() {
    return this.#file;
  }

  get title() {
    return this.#details.values.title || this.#file.name;
  }

  get #titleOfFile() {
    const { maxLength } = this.#view.form.elements.title;
    return titleFromFileName(this.#file.name, maxLength);
  }

  /** What was begun earlier, and is gone on with; null once it is over. */
  get resumed() {
    return this.state === "done" ? null : this.#record;
  }

  /** Who can watch, from now on. */
  set visibility(value) {
    this.#details.fill({ visibility: value });
  }

  /** `refused`, `chosen` (the server would not begin), `waiting`, or the state of its upload. */
  get state() {
    if (this.isRefused) return "refused";
    if (!this.upload) return "chosen";
    return this.#page.queue.isWaiting(this.upload) ? "waiting" : this.upload.state;
  }

  focus() {
    this.#view.part("name").focus();
  }

  /** Has it sent when its turn comes. False when a field must be mended first. */
  enqueue({ isFocused = false } = {}) {
    if (this.state !== "chosen") return true;
    const errors = this.#details.values.title ? {} : { title: gettext("Enter a title.") };
    this.#details.showErrors(errors);
    if (errors.title) return false;
    this.#view.message("form-error", null);
    this.#page.showFixedErrors({});
    if (this.#page.isGuest) this.#view.open(false);
    const upload = new Upload({ file: this.#file, record: this.#record, api: this.#page.api, pace: this.#page.pace, ...hashingOf(this.#file) });
    this.upload = upload;
    upload.addEventListener("statechange", () => this.#changed());
    let values;
    if (this.#record) this.#attach(this.#record, this.#record);
    upload.addEventListener("uploadcreated", () => {
      this.#attach(upload.record, values);
      this.#keepHandle(upload.record.id);
    });
    if (isFocused) this.focus();
    this.#page.queue.add(upload, async () => {
      // It waits no more, whether or not its upload has anything to say yet.
      this.#page.onChange(this);
      // What stands in the fields when its turn has come; a title that is being typed anew is saved later.
      values = this.#details.values;
      const { name: filename, size, type: content_type } = this.#file;
      values.title ||= this.#titleOfFile || filename;
      await upload.start({ ...values, ...this.#page.fixed(), filename, size, content_type });
      if (upload.state === "failed" && !upload.record && upload.failure.kind !== FILE_CHANGED) this.#refused(upload.failure);
    });
    this.#changed();
    return true;
  }

  /** The line may be back, or the session. */
  wake(kind) {
    if (this.upload?.trouble?.failure.kind === kind) this.upload.tryNow();
  }

  /** Draws what changes by itself: figures, rate, countdown. */
  tick() {
    if (!this.upload) return;
    const { language } = this.#page;
    this.#view.showFigures(figuresOf(this.state, this.upload, { now: systemClock.now(), isOnline: navigator.onLine, language }));
  }

  /** Draws what it has become. */
  show() {
    const { state } = this;
    const hadFocus = this.element.contains(document.activeElement);
    this.#view.text("name", this.isRefused ? this.#file.name : this.title);
    this.#view.text("who", this.#details.visibilityName);
    const { isGuest } = this.#page;
    const look = lookOf(state, this.upload, { isGuest });
    if (isGuest) look.buttons.open &&= state === "chosen";
    this.#view.show(look);
    if (!look.buttons["ask-cancel"]) this.#page.settle(this);
    this.tick();
    // What had the focus may be gone now; it must not fall back to the top of the page.
    if (hadFocus && (document.activeElement === document.body || !document.activeElement.checkVisibility())) this.focus();
  }

  #attach({ id }, values) {
    if (!this.#page.isGuest) this.#view.link(this.#page.watchRoot + id);
    this.#details.attach(id, values);
  }

  async #keepHandle(id) {
    const handle = await this.#handle;
    if (handle?.kind === "file" && this.upload?.isUnderWay) keepHandle(id, handle);
  }

  /** What workers make of it follows by itself. */
  #awaitPreview({ id, media }) {
    if (this.#isPreparing || !this.#page.preparing) return;
    this.#isPreparing = true;
    if (media?.state !== "off") this.#followPreview(id);
  }

  #followPreview(id) {
    this.#view.message("preview", gettext("Preparing preview…"));
    // Something stays there whatever comes of it, so that nothing moves.
    this.#page.preparing.add(id, (media) => {
      this.#view.button("retry-preview").hidden = media?.state !== "failed";
      if (media?.state === "failed") this.#view.message("preview", gettext("No preview. %(reason)s", { reason: media.detail ?? "" }));
      else if (media?.state === "off") this.#view.message("preview", gettext("Previews are off on this server."));
      else if (media) this.#view.message("preview", gettext("Preview ready"));
    });
  }

  async #retryPreview() {
    const { id } = this.upload.record;
    try {
      await this.#page.api.retryMedia(id);
    } catch (failure) {
      const { reason, action } = reasonOf(failure);
      showToast(gettext("Couldn’t try again. %(reason)s", { reason }), { action });
      return;
    }
    const button = this.#view.button("retry-preview");
    if (button === document.activeElement) this.focus();
    button.hidden = true;
    this.#followPreview(id);
  }

  #changed() {
    const { upload } = this;
    if (upload?.state === "done") {
      forgetHandle(upload.record.id);
      this.#awaitPreview(upload.record);
    }
    const words = spokenOf(this.state, upload, { isOnline: navigator.onLine, isGuest: this.#page.isGuest });
    // Each change once.
    if (words && words !== this.#announced) {
      this.#announced = words;
      this.#page.say(gettext("%(title)s: %(words)s", { title: this.title, words }));
    }
    this.#page.onChange(this);
  }

  #clicked({ target }) {
    // A button whose form is off the page submits nothing by itself.
    if (target.closest("[type='submit']")?.form === null) this.enqueue({ isFocused: true });
    switch (target.closest("[data-action]")?.dataset.action) {
      case "pause":
        this.upload.pause();
        this.show();
        this.#view.button("resume").focus();
        break;
      case "resume":
        this.upload.resume();
        this.show();
        this.#view.button("pause").focus();
        break;
      case "try-now":
        this.upload.tryNow();
        break;
      case "again":
        this.#page.queue.add(this.upload, () => this.upload.start());
        this.#changed();
        break;
      case "anew":
        this.#anew();
        break;
      case "ask-cancel":
        this.#page.ask(this, gettext("Cancel the upload of “%(name)s”?", { name: this.#file.name }), this.#view.button("ask-cancel"));
        break;
      case "leave":
        this.#leave();
        break;
      case "remove":
        this.#end(null);
        break;
      case "copy":
        this.#copy();
        break;
      case "retry-preview":
        this.#retryPreview();
        break;
      case "open":
        this.#view.open(!this.#view.isOpen);
        break;
      case "who":
        this.#chooseWho();
        break;
    }
  }

  /** The file is not that of the upload which it was to go on with: it becomes one of its own. */
  #anew() {
    if (this.#record) this.#page.spare(this.#record);
    this.#details.detach();
    this.#record = null;
    this.upload = null;
    this.#changed();
    this.enqueue({ isFocused: true });
  }

  /** What was asked about. */
  cancel(how) {
    // It may have been stored while the question was being read: that is no upload any more.
    if (!this.upload.isUnderWay) return null;
    if (this.upload.record) forgetHandle(this.upload.record.id);
    const discarding = this.upload.cancel();
    this.#end(discarding, how);
    return discarding;
  }

  /** One of many that are cancelled, as its own button would do it: resolves as `Upload.cancel`; null if it is over already. */
  end() {
    const { buttons } = lookOf(this.state, this.upload);
    if (buttons.leave) return this.#leave({ isOneOfMany: true });
    return buttons["ask-cancel"] ? this.cancel({ isOneOfMany: true }) : null;
  }

  /** Nothing that was sent is lost by it: out of the queue, or left to whoever completes or resumes it elsewhere. */
  #leave(how) {
    const isWaiting = this.state === "waiting";
    this.#page.queue.remove(this.upload);
    if (!isWaiting) this.upload.leave();
    this.#end(null, { isWaiting, ...how });
    return Promise.resolve(true);
  }

  /** It was out of the queue, and is to be sent after all. */
  comeBack() {
    this.isGone = false;
    this.upload = null;
  }

  /** The row goes; `discarding` resolves to whether the server knows. */
  #end(discarding, { isWaiting = false, isOneOfMany = false } = {}) {
    this.#details.detach();
    this.isGone = true;
    this.#page.onChange(this, { discarding, isWaiting, isOneOfMany });
  }

  /** The server would not begin: nothing was sent, and the fields are there with the reason. */
  #refused(failure) {
    this.upload = null;
    const names = [...VIDEO_FIELDS, ...Object.keys(this.#page.fixed())];
    const errors = failure.errors ? fieldErrors(failure, "form", names) : { form: failure.detail ?? gettext("Couldn’t start the upload.") };
    this.#view.message("form-error", errors.form);
    this.show();
    this.#details.showErrors(errors);
    this.#page.showFixedErrors(errors);
    this.#page.onChange(this);
  }

  #chooseWho() {
    this.#view.open();
    openChoice(this.#view.form.elements.visibility);
  }

  #copy() {
    const shown = this.#view.part("watch-link");
    // Where a page may not copy, the link is selected: it must be there.
    if (!navigator.clipboard) this.#view.open();
    copyLink(shown.href, { shown, words: this.#details.who, change: () => this.#chooseWho() });
  }
}
