/** The upload page: files become rows, rows wait in the queue, and the page says how far all of them are. */

import { formatSize } from "../common/format.js";
import { gettext, ngettext } from "../common/i18n.js";
import { keepPreference, preference } from "../common/preferences.js";
import { showToast } from "../common/toast.js";
import { refusalOf } from "./accepting.js";
import { UploadApi } from "./api.js";
import { filesIn } from "./dropped.js";
import { OFFLINE, SIGNED_OUT } from "./failures.js";
import { FileRow } from "./file_row.js";
import { handlesIn } from "./handles.js";
import { Pace } from "./pace.js";
import { Queue } from "./queue.js";
import { UnfinishedList } from "./unfinished.js";
import { keepAwake } from "./wake_lock.js";
import { shareWords } from "./words.js";

const TICK_MS = 250;
const BYTES_PER_MEGABIT = 125_000;

function uploadPage(page) {
  const api = new UploadApi();
  const language = document.documentElement.lang;
  const pageTitle = document.title;
  const taken = { types: page.dataset.types.split(" "), endings: page.dataset.endings.split(" ") };
  const find = (selector) => page.querySelector(selector);
  const [drop, fileField, section, heading, list] = ["[data-drop]", "[name='file']", "[data-files]", "[data-files-heading]", "[data-file-list]"].map(find);
  const overall = document.querySelector("[data-overall]");
  const queue = new Queue({ onChange: queueChanged });
  const pace = new Pace();
  const speed = find("[name='speed']");
  const rows = new Set();
  const unfinishedSection = find("[data-unfinished-list]");
  const unfinished = unfinishedSection && new UnfinishedList(unfinishedSection, { api, goOn, language });
  let letSleep = null;
  let ticking = null;

  function say(words) {
    find("[data-status]").textContent = words;
  }

  function newRow(file, { record = null, handle = null } = {}) {
    const refusal = refusalOf(file, taken);
    const options = { template: find("[data-file-template]"), file, record, handle, refusal, api, queue, pace, say };
    if (record) unfinished.take(record);
    return new FileRow({ ...options, onChange: rowChanged, watchRoot: page.dataset.watchRoot });
  }

  /** `handles`, as far as the browser gives them, in the order of the files: promises, or null. */
  function add(files, handles = []) {
    // What was begun with it goes on with it.
    show([...files].map((file, index) => newRow(file, { record: unfinished?.find(file) ?? null, handle: handles[index] })));
  }

  /** Where the browser can tell where a file lies, it is asked to: then going on after a crash takes one click. */
  async function pick() {
    let handles;
    try {
      handles = await window.showOpenFilePicker({ multiple: true, types: [{ accept: { "video/*": taken.endings } }] });
    } catch {
      // Nothing was chosen.
      return;
    }
    add(await Promise.all(handles.map((handle) => handle.getFile())), handles);
  }

  /** Of what lies in folders only the videos: nobody has chosen the rest. */
  async function addDropped(dataTransfer) {
    const handles = handlesIn(dataTransfer);
    const { files, found } = await filesIn(dataTransfer);
    const videos = found.filter((file) => !refusalOf(file, taken));
    // With folders among them, which file has which handle is not known.
    add([...files, ...videos], found.length === 0 ? handles : []);
    const others = found.length - videos.length;
    if (others > 0) showToast(ngettext("%(n)s other file in the folder is left out.", "%(n)s other files in the folder are left out.", others));
  }

  function goOn(file, record) {
    if (file.size !== record.size) {
      const sizes = { name: file.name, size: formatSize(file.size, language), wanted: formatSize(record.size, language) };
      showToast(gettext("“%(name)s” is not the file that was begun: it has %(size)s, and that one has %(wanted)s.", sizes));
      return;
    }
    const row = newRow(file, { record });
    show([row]);
    row.enqueue({ isFocused: true });
  }

  function show(added) {
    for (const row of added) {
      rows.add(row);
      list.append(row.element);
    }
    showSummary();
    added[0]?.focus();
    const refused = added.filter((row) => row.isRefused).length;
    if (refused > 0) say(ngettext("%(n)s file is not taken.", "%(n)s files are not taken.", refused));
  }

  function rowChanged(row, { discarding = null } = {}) {
    if (row.isGone) leave(row, discarding);
    showSummary();
  }

  async function leave(row, discarding) {
    const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
    rows.delete(row);
    row.element.remove();
    const neighbour = [...rows].find(({ element }) => element === next);
    if (neighbour) neighbour.focus();
    else fileField.focus();
    if (!discarding) return;
    const { title } = row;
    showToast(
      (await discarding)
        ? gettext("“%(title)s” is cancelled. What had been sent is discarded.", { title })
        : gettext("“%(title)s” is cancelled. The server could not be told; what had been sent is discarded by itself after seven days.", { title }),
    );
  }

  function queueChanged() {
    // Whose turn has come may have changed without a word from its upload.
    for (const row of rows) row.show();
    if (queue.isSending) {
      letSleep ??= keepAwake();
      ticking ??= setInterval(tick, TICK_MS);
    } else {
      letSleep?.();
      clearInterval(ticking);
      letSleep = ticking = null;
    }
    tick();
    showSummary();
  }

  function tick() {
    for (const row of rows) row.tick();
    overall.hidden = !queue.isBusy;
    overall.max = Math.max(1, queue.progress.totalBytes);
    overall.value = queue.progress.sentBytes;
    document.title = queue.isBusy ? `${shareWords(queue.progress, language)} · ${pageTitle}` : pageTitle;
  }

  function showSummary() {
    const states = [...rows].map((row) => row.state);
    const count = (state) => states.filter((other) => other === state).length;
    section.hidden = rows.size === 0;
    drop.toggleAttribute("data-filled", rows.size > 0);
    const done = count("done");
    const all = rows.size - count("refused");
    const words =
      done > 0
        ? ngettext("%(done)s of %(n)s video is stored", "%(done)s of %(n)s videos are stored", all, { done })
        : ngettext("%(n)s video", "%(n)s videos", all);
    if (heading.textContent !== words) heading.textContent = words;
    const isOneOfMany = count("chosen") > 1;
    find("[data-action='upload-all']").hidden = !isOneOfMany;
    // There is one first thing to do.
    for (const submit of list.querySelectorAll("[type='submit']")) submit.dataset.look = isOneOfMany ? "" : "primary";
    find("[data-action='choose']").hidden = done === 0 || done < all;
  }

  page.addEventListener("click", ({ target }) => {
    const action = target.closest("[data-action]")?.dataset.action;
    if (action === "choose") fileField.click();
    if (action === "upload-all") {
      // Each says its own faults; the focus is on the last of them.
      const isAllRight = [...rows].map((row) => row.enqueue()).every(Boolean);
      if (isAllRight) heading.focus();
    }
  });

  // A value that is no choice any more leaves nothing chosen.
  speed.value = preference("upload.speed", "");
  if (speed.selectedIndex < 0) speed.value = "";
  const limit = () => {
    pace.rate = speed.value ? Number(speed.value) * BYTES_PER_MEGABIT : null;
  };
  limit();
  speed.addEventListener("change", () => {
    keepPreference("upload.speed", speed.value);
    limit();
    tick();
  });
  if (window.showOpenFilePicker) {
    fileField.addEventListener("click", (event) => {
      event.preventDefault();
      pick();
    });
  }
  fileField.addEventListener("change", () => {
    const files = [...fileField.files];
    // So that the same file can be chosen again.
    fileField.value = "";
    add(files);
  });

  // Files may fall anywhere on the page; one that missed the zone must not replace the page.
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.toggleAttribute("data-over", true);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.removeAttribute("data-over");
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    drop.removeAttribute("data-over");
    addDropped(event.dataTransfer);
  });

  window.addEventListener("online", () => {
    for (const row of rows) row.wake(OFFLINE);
  });
  // Coming back from the tab where one logged in is as good as pressing the button.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const row of rows) row.wake(SIGNED_OUT);
  });
  window.addEventListener("beforeunload", (event) => {
    if (queue.isBusy) event.preventDefault();
  });

  // After "back", a browser may have kept the files.
  if (fileField.files.length > 0) fileField.dispatchEvent(new Event("change"));
}

uploadPage(document.querySelector("[data-upload-page]"));
