/** One chosen file on the page: its fields, its upload, and what of it is shown in each state. */

import { systemClock } from "../common/clock.js";
import { formatSize } from "../common/format.js";
import { gettext } from "../common/i18n.js";
import { Details, fieldErrors } from "./details.js";
import { FILE_CHANGED, OTHER_FILE, SIGNED_OUT } from "./failures.js";
import { titleFromFileName } from "./file_title.js";
import { forgetHandle, keepHandle } from "./handles.js";
import { PartChecksums, canHash, hashFile } from "./hashing.js";
import { RowView } from "./row_view.js";
import { Upload } from "./upload.js";
import { failureWords, progressWords, stateWords, troubleWords } from "./words.js";

const COPIED_MS = 2_000;

export class FileRow {
  #file;
  #api;
  #queue;
  #pace;
  #say;
  #onChange;
  #watchRoot;
  #language;
  #clock;
  #details;
  #record;
  #handle;
  #view;
  #form;
  #announced = "";

  /**
   * `record` is what the server has of an upload that this file goes on with, or null; `handle` (or a promise of it) is
   * where the file lies, where the browser says. `refusal` says why the file is not taken; then the row is all there is of it.
   * `isFolded`: its fields are closed at first. `onChange(row)` after every change of
   * state: whoever has the page calls `show()` when it is time to draw. `say(words)` reaches those who listen.
   */
  constructor({ template, file, record = null, handle = null, refusal, isFolded = false, api, queue, pace, say, onChange, watchRoot, language = document.documentElement.lang, clock = systemClock }) {
    this.#file = file;
    this.#record = record;
    this.#handle = handle;
    this.#api = api;
    this.#queue = queue;
    this.#pace = pace;
    this.#say = say;
    this.#onChange = onChange;
    this.#watchRoot = watchRoot;
    this.#language = language;
    this.#clock = clock;
    this.#view = new RowView(template);
    this.element = this.#view.element;
    this.isRefused = Boolean(refusal);
    this.upload = null;
    this.#form = this.#view.form;
    this.#details = new Details({ form: this.#form, fields: this.#view.fields, unfold: () => this.#view.unfold(), api });
    const { title } = this.#view.fields;
    title.value = titleFromFileName(file.name, title.maxLength);
    if (record) this.#fill(record);
    this.#view.text("size", formatSize(file.size, language));
    this.#view.text("remove-label", gettext("Remove %(name)s", { name: file.name }));
    this.#view.text("refusal", refusal ?? "");
    this.#view.part("refusal").hidden = !refusal;
    this.element.querySelector(".poster").dataset.hue = file.size % 12;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.enqueue({ isFocused: true });
    });
    this.element.addEventListener("click", (event) => this.#clicked(event));
    if (isFolded) this.#view.fold();
    this.show();
  }

  get title() {
    return this.#details.values.title || this.#file.name;
  }

  /** `refused`, `chosen`, `waiting`, or the state of its upload. */
  get state() {
    if (this.isRefused) return "refused";
    if (!this.upload) return "chosen";
    return this.#queue.isWaiting(this.upload) ? "waiting" : this.upload.state;
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
    this.#view.part("form-error").hidden = true;
    const record = this.#record;
    const hashing = canHash(this.#file) ? { checksumsOf: (file, plan) => new PartChecksums(file, plan), hashFile } : {};
    const upload = new Upload({ file: this.#file, record, api: this.#api, pace: this.#pace, ...hashing });
    this.upload = upload;
    upload.addEventListener("statechange", () => this.#changed());
    let values;
    if (record) {
      this.#showLink(this.#watchRoot + record.id);
      this.#details.attach(record.id, valuesOf(record));
    }
    upload.addEventListener("uploadcreated", () => {
      this.#showLink(this.#watchRoot + upload.record.id);
      this.#details.attach(upload.record.id, values);
      this.#keepHandle(upload.record.id);
    });
    if (isFocused) this.focus();
    this.#queue.add(upload, async () => {
      // It waits no more, whether or not its upload has anything to say yet.
      this.#onChange(this);
      // What stands in the fields when its turn has come.
      values = this.#details.values;
      const { name: filename, size, type: content_type } = this.#file;
      await upload.start({ ...values, filename, size, content_type });
      if (upload.state === "failed" && !upload.record) this.#refused(upload.failure);
    });
    this.#changed();
    return true;
  }

  /** The line may be back, or the session. */
  wake(kind) {
    if (this.upload?.trouble?.failure.kind === kind) this.upload.tryNow();
  }

  /** What changes by itself: figures, rate, countdown. */
  tick() {
    const { upload, state } = this;
    if (!upload) return;
    const { progress } = upload;
    const bar = this.#view.part("bar");
    bar.max = Math.max(1, progress.totalBytes);
    bar.value = state === "checking" ? bar.max : progress.sentBytes;
    const words = progressWords(progress, this.#language);
    bar.setAttribute("aria-valuetext", words);
    this.#view.text("figures", state === "checking" || state === "waiting" ? "" : words);
    if (upload.trouble) this.#showTrouble(upload.trouble);
  }

  /** Draws what it has become. */
  show() {
    const { upload, state } = this;
    const trouble = upload?.trouble ?? null;
    const hadFocus = this.element.contains(document.activeElement);
    const words = stateWords(trouble ? "trouble" : state);
    this.#view.text("state", words && ` · ${words}`);
    const fields = this.#view.part("fields");
    if (fields.hidden !== this.isRefused) fields.hidden = this.isRefused;
    // Stored: a line is enough, but not while somebody is typing in them.
    if (state === "done" && this.element.dataset.state !== "done") fields.open = fields.contains(document.activeElement);
    this.#view.text("name", state === "done" ? this.title : this.#file.name);
    const shownState = trouble ? "trouble" : state;
    if (this.element.dataset.state !== shownState) this.element.dataset.state = shownState;
    // From the moment it is asked for: what stands below must not jump when its turn comes.
    const isBegun = ["waiting", "creating", "comparing", "sending", "paused", "checking"].includes(state);
    const isSignedOut = trouble?.failure.kind === SIGNED_OUT;
    this.#view.show({
      parts: {
        submit: state === "chosen",
        progress: isBegun,
        trouble,
        figures: !trouble,
        failure: state === "failed",
        link: (isBegun || upload?.record) && !isGone(upload.failure),
        watch: state === "done",
        login: isSignedOut,
        "try-now": trouble && !trouble.isTrying,
      },
      buttons: {
        pause: state === "sending" && !trouble,
        resume: state === "paused",
        // What was begun elsewhere is not discarded by leaving it here.
        "ask-cancel": !["checking", "waiting", "comparing"].includes(state),
        remove: ["refused", "chosen", "waiting", "failed", "done"].includes(state),
      },
    });
    this.#view.button("copy").disabled = !upload?.record;
    this.#showReceipt(state === "done" ? upload.record : {});
    this.#view.text("try-now", isSignedOut ? gettext("Resume") : gettext("Try now"));
    if (state === "failed" && upload.failure) {
      this.#view.text("failure-words", failureWords(upload.failure));
      const isOther = upload.failure.kind === OTHER_FILE;
      this.#view.part("again").hidden = isGone(upload.failure) || upload.failure.kind === FILE_CHANGED || isOther;
      this.#view.part("anew").hidden = !isOther;
    }
    this.tick();
    // What had the focus may be gone now; it must not fall back to the top of the page.
    if (hadFocus && (document.activeElement === document.body || !document.activeElement.checkVisibility())) this.focus();
  }

  async #keepHandle(id) {
    const handle = await this.#handle;
    if (handle?.kind === "file" && this.upload?.isUnderWay) keepHandle(id, handle);
  }

  #changed() {
    if (this.upload?.record && ["done", "cancelled"].includes(this.upload.state)) forgetHandle(this.upload.record.id);
    this.#announce();
    this.#onChange(this);
  }

  #clicked({ target }) {
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
        this.#queue.add(this.upload, () => this.upload.start());
        this.#changed();
        break;
      case "anew":
        this.#anew();
        break;
      case "cancel":
        this.#view.part("sure").hidePopover();
        this.#end(this.upload.cancel());
        break;
      case "remove":
        this.#remove();
        break;
      case "copy":
        this.#copy();
        break;
    }
  }

  /** The file is not that of the upload which it was to go on with: it becomes one of its own. */
  #anew() {
    this.#details.detach();
    this.#record = null;
    this.upload = null;
    this.#changed();
    this.enqueue({ isFocused: true });
  }

  #fill(record) {
    for (const [name, value] of Object.entries(valuesOf(record))) this.#view.fields[name].value = value;
  }

  #showReceipt({ part_checksums, sha256 }) {
    this.#view.part("receipt").hidden = !part_checksums;
    this.#view.part("checksum").hidden = !sha256;
    this.#view.text("sha256", sha256 ?? "");
  }

  #remove() {
    if (this.state === "waiting") {
      // Out of the queue, not off the page: nothing has been sent, and what was typed stays.
      this.#queue.remove(this.upload);
      this.upload = null;
      this.#changed();
      return;
    }
    this.#end(null);
  }

  /** The row goes; `discarding` resolves to whether the server knows. */
  #end(discarding) {
    this.#details.detach();
    this.isGone = true;
    this.#onChange(this, { discarding });
  }

  /** The server would not begin: nothing was sent, and the fields are there with the reason. */
  #refused(failure) {
    this.upload = null;
    const errors = failure.errors ? fieldErrors(failure, "form") : { form: failure.detail ?? gettext("Couldn’t start the upload.") };
    this.#view.part("form-error").textContent = errors.form ?? "";
    this.#view.part("form-error").hidden = !errors.form;
    this.show();
    this.#details.showErrors(errors);
    this.#onChange(this);
  }

  #showLink(url) {
    const link = this.#view.part("watch-link");
    link.href = url;
    link.textContent = url;
    this.#view.part("watch").href = url;
  }

  async #copy() {
    await navigator.clipboard.writeText(this.#view.part("watch-link").href);
    this.#say(gettext("Copied"));
    this.#view.text("copy-label", gettext("Copied"));
    this.#clock.after(COPIED_MS, () => this.#view.text("copy-label", gettext("Copy link")));
  }

  #showTrouble(trouble) {
    const secondsLeft = trouble.until === null ? null : (trouble.until - this.#clock.now()) / 1000;
    const words = troubleWords({ ...trouble, secondsLeft, isOnline: navigator.onLine });
    this.#view.text("happened", words.happened);
    this.#view.text("next", words.next);
  }

  /** For those who listen: each change once; neither per cent nor seconds, nor every try of a long wait. */
  #announce() {
    const { upload } = this;
    if (!upload || upload.trouble?.isTrying) return;
    let words = stateWords(this.state);
    if (upload.trouble) words = troubleWords({ ...upload.trouble, secondsLeft: null, isOnline: navigator.onLine }).happened;
    if (upload.failure) words = `${words}. ${failureWords(upload.failure)}`;
    if (!words || words === this.#announced) return;
    this.#announced = words;
    this.#say(gettext("%(title)s: %(words)s", { title: this.title, words }));
  }
}

function valuesOf({ title, description, visibility }) {
  return { title, description, visibility };
}

function isGone(failure) {
  return failure?.status === 404 || failure?.code === "upload-not-open";
}
