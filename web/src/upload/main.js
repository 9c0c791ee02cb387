/** The upload page: files become rows, rows wait in the queue, and the page says how far all of them are. */

import { openDialog } from "../common/dialogs.js";
import { OFFLINE, SIGNED_OUT } from "../common/failures.js";
import { formatSize } from "../common/format.js";
import { gettext, ngettext } from "../common/i18n.js";
import { readPage } from "../common/pages.js";
import { keepPreference, preference } from "../common/preferences.js";
import { Preparing } from "../common/preparing.js";
import { showToast } from "../common/toast.js";
import { UploadApi } from "../common/uploads_api.js";
import { showErrors } from "../common/video_fields.js";
import { openBeside } from "./beside.js";
import { refusalOf } from "./files/accepting.js";
import { chooseFiles } from "./files/choosing.js";
import { identityOf } from "./files/file_name.js";
import { handedFiles } from "./files/handed.js";
import { Painter, anotherTask, inSlices } from "./frames.js";
import { FileRow } from "./rows/file_row.js";
import { Saver } from "./rows/saver.js";
import { shareWords } from "./rows/words.js";
import { Pace } from "./sending/pace.js";
import { Queue } from "./sending/queue.js";
import { UnfinishedList } from "./unfinished.js";
import { keepAwake } from "./wake_lock.js";

const TICK_MS = 250;
const BYTES_PER_MEGABIT = 125_000;
// In these a row's figures change without a word from its upload.
const MOVING = new Set(["creating", "comparing", "sending", "checking"]);

function uploadPage(page) {
  // Of a guest: there is no account, nothing can be changed later, and who sends says so once, for all files.
  const isGuest = "guest" in page.dataset;
  const api = isGuest ? new UploadApi({ root: page.dataset.api, isGuest }) : new UploadApi();
  const language = document.documentElement.lang;
  const pageTitle = document.title;
  const taken = { types: page.dataset.types.split(" "), endings: page.dataset.endings.split(" "), mostBytes: Number(page.dataset.maxSize ?? Infinity), language };
  const find = (selector) => page.querySelector(selector);
  const [drop, fileField, section, heading, list] = ["[data-drop]", "[name='file']", "[data-files]", "[data-files-heading]", "[data-file-list]"].map(find);
  const overall = document.querySelector("[data-overall]");
  const queue = new Queue({ onChange: queueChanged });
  const pace = new Pace();
  const saver = new Saver();
  const speed = find("[name='speed']");
  const forAll = find("#for-all");
  const [uploadAll, cancelAll, another] = ["upload-all", "cancel-all", "choose"].map((action) => find(`[data-action='${action}']`));
  // Each row with its state, and of each state how many there are.
  const rows = new Map();
  const counts = new Map();
  const moving = new Set();
  const rowOf = new WeakMap();
  const painter = new Painter({ draw: (row) => row.show(), onFrame: framed });
  let adding = Promise.resolve();
  let saying = null;
  let asked = null;
  let sent = 0;
  const question = find("#cancel-sure");
  const filesLeft = find("[data-files-left]");
  const unfinishedSection = find("[data-unfinished-list]");
  const unfinished = unfinishedSection && new UnfinishedList(unfinishedSection, { api, goOn, language });
  const says = find("[data-guest-says]");
  const fixed = () => (isGuest ? { sender: says.elements.sender.value.trim(), message: says.elements.message.value.trim() } : {});
  const showFixedErrors = (errors) => isGuest && showErrors(says, errors);
  const shared = { template: find("[data-file-template]"), api, isGuest, fixed, showFixedErrors, preparing: isGuest ? null : new Preparing(() => api.listReady()), saver, queue, pace, say, ask, settle, spare: (record) => unfinished.giveBack(record), onChange: rowChanged, watchRoot: page.dataset.watchRoot, language };
  let letSleep = null;
  let ticking = null;

  /** At most once a frame: of many words at once nobody would hear more than the last. */
  function say(words) {
    saying = words;
    painter.ask();
  }

  /** One question for all rows, which are many; without a row it is about all of them. */
  function ask(row, words, opener) {
    asked = row;
    question.querySelector("h2").textContent = words;
    question.querySelector("[data-action='cancel']").textContent = row ? gettext("Cancel upload") : gettext("Cancel all");
    openDialog(question, opener);
  }

  function settle(row) {
    if (row === asked && question.open) question.close();
  }

  question.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-action='cancel']")) return;
    question.close();
    if (asked) asked.cancel();
    else endAll();
  });

  async function endAll() {
    // Of those, too, that are still being put on the page.
    await adding;
    const ended = [];
    const uploads = [];
    // From the last: those that wait are gone before their turn comes.
    await inSlices([...rows.keys()].reverse(), (row) => {
      const end = row.end();
      if (!end) return;
      ended.push(end);
      uploads.push(row.upload);
    });
    (rows.size === 0 ? fileField : heading).focus();
    if (ended.length === 0) return;
    const isTold = (await Promise.all(ended)).every(Boolean);
    const kept = uploads.find(({ keptBecause }) => keptBecause);
    if (kept) {
      showToast(kept.keptBecause);
      return;
    }
    showToast(
      isTold
        ? ngettext("%(n)s upload cancelled.", "%(n)s uploads cancelled.", ended.length)
        : ngettext("%(n)s upload cancelled. The server couldn’t be reached; partial uploads will be removed after 7 days.", "%(n)s uploads cancelled. The server couldn’t be reached; partial uploads will be removed after 7 days.", ended.length),
    );
  }

  /** Choosing it is uploading it, for who has an account. Of several files each is a line, that opens. */
  function addRow(file, { record = null, handle = null, isOneOfMany = false } = {}) {
    const refusal = refusalOf(file, taken);
    if (record) unfinished.take(record);
    const isOpen = !refusal && !isOneOfMany && rows.size === 0;
    const row = new FileRow(file, { record, handle, refusal, isOpen, visibility: forAll?.value }, shared);
    place(row);
    // A guest says first what it is, and who they are.
    if (!isGuest || record) row.enqueue();
    return row;
  }

  function add(files, handles) {
    const chosen = files.map((file, index) => ({ file, handle: handles[index] }));
    adding = adding.then(() => addInSlices(chosen));
  }

  async function addInSlices(chosen) {
    const here = new Map([...rows.keys()].filter(({ state }) => state !== "failed").map((row) => [identityOf(row.file), row]));
    let first = null;
    let refused = 0;
    let again = 0;
    // Each row that changes while others are being added has the whole list laid out again.
    queue.hold();
    try {
      await inSlices(chosen, ({ file, handle }) => {
        // Chosen twice is not meant twice. And what was begun with it goes on with it.
        const present = here.get(identityOf(file));
        const row = present ?? addRow(file, { record: unfinished?.find(file) ?? null, handle, isOneOfMany: chosen.length > 1 });
        if (!first) (first = row).focus();
        here.set(identityOf(file), row);
        if (present) again += 1;
        else if (row.isRefused) refused += 1;
      });
    } finally {
      // Beginning the first one starts a worker and a request.
      await anotherTask();
      queue.release();
    }
    if (again > 0) showToast(ngettext("%(n)s file is already on this page.", "%(n)s files are already on this page.", again));
    if (refused > 0) say(ngettext("%(n)s file isn’t supported.", "%(n)s files aren’t supported.", refused));
  }

  function goOn(file, record) {
    if (file.size !== record.size) {
      const sizes = { name: file.name, size: formatSize(file.size, language), wanted: formatSize(record.size, language) };
      showToast(gettext("“%(name)s” isn’t the file you started with (%(size)s instead of %(wanted)s).", sizes));
      return;
    }
    addRow(file, { record }).focus();
  }

  function place(row) {
    enter(row);
    rowOf.set(row.element, row);
    section.hidden = false;
    list.append(row.element);
    painter.ask();
  }

  function rowChanged(row, how) {
    if (row.isGone) {
      leave(row, how);
      return;
    }
    uncount(row);
    enter(row);
    painter.mark(row);
  }

  function enter(row) {
    const { state } = row;
    rows.set(row, state);
    counts.set(state, count(state) + 1);
    if (MOVING.has(state)) moving.add(row);
  }

  function uncount(row) {
    const state = rows.get(row);
    counts.set(state, count(state) - 1);
    moving.delete(row);
  }

  function count(state) {
    return counts.get(state) ?? 0;
  }

  /** What is said of all rows together, once for all that was drawn in this frame. */
  function framed() {
    if (saying !== null) find("[data-status]").textContent = saying;
    saying = null;
    showSummary();
    showOverall();
  }

  async function leave(row, { discarding, isWaiting, isOneOfMany }) {
    const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
    uncount(row);
    rows.delete(row);
    row.element.remove();
    painter.ask();
    giveBack(row, discarding);
    if (isOneOfMany) return;
    (rowOf.get(next) ?? fileField).focus();
    const { title } = row;
    if (isWaiting) showToast(gettext("“%(title)s” removed.", { title }), { action: { label: gettext("Undo"), run: () => bringBack(row) } });
    if (!discarding) return;
    const isTold = await discarding;
    if (row.upload.keptBecause) {
      showToast(row.upload.keptBecause);
      return;
    }
    showToast(
      isTold
        ? gettext("Upload of “%(title)s” cancelled.", { title })
        : gettext("Upload of “%(title)s” cancelled. The server couldn’t be reached; the partial upload will be removed after 7 days.", { title }),
    );
  }

  /** What was begun earlier and is not over can be resumed again. */
  async function giveBack({ resumed }, discarding) {
    if (resumed && !(await discarding)) unfinished.giveBack(resumed);
  }

  function bringBack(row) {
    row.comeBack();
    if (row.resumed) unfinished.take(row.resumed);
    place(row);
    row.enqueue({ isFocused: true });
  }

  function queueChanged() {
    if (queue.isSending) {
      letSleep ??= keepAwake();
      ticking ??= setInterval(tick, TICK_MS);
      painter.ask();
    } else {
      letSleep?.();
      clearInterval(ticking);
      letSleep = ticking = null;
      showOverall();
    }
  }

  /** Whether leaving the page would cut something off. */
  function wouldLose() {
    return queue.isBusy || saver.isBusy;
  }

  function tick() {
    for (const row of moving) row.tick();
    showOverall();
  }

  function showOverall() {
    const { isBusy, progress } = queue;
    overall.hidden = !isBusy;
    overall.max = Math.max(1, progress.totalBytes);
    overall.value = progress.sentBytes;
    const title = isBusy ? `${shareWords(progress, language)} · ${pageTitle}` : pageTitle;
    if (document.title !== title) document.title = title;
  }

  /** How many more videos the link takes now that so many were sent: the page knows, as it would come now. */
  async function tellFilesLeft(done) {
    sent = done;
    // Not what is not true any more; its place stays, so that nothing moves.
    filesLeft.style.visibility = "hidden";
    const words = (await readPage(location.href))?.querySelector("[data-files-left]")?.textContent;
    if (!words || sent !== done) return;
    filesLeft.textContent = words;
    filesLeft.style.visibility = "";
  }

  function showSummary() {
    section.hidden = rows.size === 0;
    drop.toggleAttribute("data-filled", rows.size > 0);
    const done = count("done");
    const all = rows.size - count("refused");
    let words = ngettext("%(n)s video", "%(n)s videos", all);
    if (done > 0) words = gettext("%(done)s of %(n)s uploaded", { done, n: all });
    if (filesLeft && done > sent) tellFilesLeft(done);
    if (done === all) words = ngettext("Upload complete", "%(n)s uploads complete", all);
    if (all === 0) words = gettext("Nothing to upload");
    if (heading.textContent !== words) heading.textContent = words;
    if (forAll) find("[data-for-all]").hidden = all < 2;
    const isOneOfMany = count("chosen") > 1;
    uploadAll.hidden = !isOneOfMany;
    // There is one first thing to do.
    list.toggleAttribute("data-many", isOneOfMany);
    showWhatIsLeft(done > 0 && done === all);
  }

  function showWhatIsLeft(isAllDone) {
    another.hidden = !isAllDone;
    const hadFocus = document.activeElement === cancelAll;
    cancelAll.hidden = rows.size < 2 || !queue.isBusy;
    if (hadFocus && cancelAll.hidden) (isAllDone ? another : heading).focus();
    // Nothing is left to be cancelled.
    if (!asked && question.open && !queue.isBusy) question.close();
    let words = isAllDone ? gettext("You can leave this page now.") : "";
    if (queue.isBusy) words = gettext("Links open in a new tab while uploading.");
    const leaving = find("[data-leaving]");
    leaving.hidden = !words;
    if (leaving.textContent !== words) leaving.textContent = words;
  }

  page.addEventListener("click", ({ target }) => {
    const action = target.closest("[data-action]")?.dataset.action;
    if (action === "choose") fileField.click();
    if (action === "upload-all") enqueueAll();
    if (action === "cancel-all") ask(null, gettext("Cancel all uploads?"), cancelAll);
  });

  async function enqueueAll() {
    // Of those, too, that are still being put on the page.
    await adding;
    // Each says its own faults; the focus is on the last of them.
    let isAllRight = true;
    await inSlices(rows.keys(), (row) => {
      if (!row.enqueue()) isAllRight = false;
    });
    if (isAllRight) heading.focus();
  }

  forAll?.addEventListener("change", () => {
    inSlices(rows.keys(), (row) => {
      if (!row.isRefused) row.visibility = forAll.value;
    });
  });
  list.addEventListener("change", ({ target }) => {
    if (target.name === "visibility" && rows.size > 1) forAll.value = "";
  });

  // The first number is dear, since the browser loads how numbers are written: after the page, before a file is chosen.
  requestAnimationFrame(() => setTimeout(() => formatSize(BYTES_PER_MEGABIT, language)));

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
  window.addEventListener("online", () => {
    for (const row of moving) row.wake(OFFLINE);
    saver.wake();
  });
  // Coming back from the tab where one logged in is as good as pressing the button.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const row of moving) row.wake(SIGNED_OUT);
    saver.wake();
  });
  window.addEventListener("beforeunload", (event) => {
    if (wouldLose()) event.preventDefault();
  });
  openBeside(wouldLose);
  chooseFiles({ field: fileField, drop, endings: taken.endings, isTaken: (file) => !refusalOf(file, taken), onFiles: add });
  if (!isGuest) handedFiles(page.dataset.origins.split(" "), (files) => add(files, []));
}

uploadPage(document.querySelector("[data-upload-page]"));
