/** How files come to the page: chosen, or dropped anywhere on it. */

import { onFileDrag } from "../../common/file_drag.js";
import { ngettext } from "../../common/i18n.js";
import { showToast } from "../../common/toast.js";
import { filesIn } from "./dropped.js";
import { handlesIn } from "./handles.js";

/**
 * `field` is the file field, `drop` the zone that shows that files may fall; `isTaken(file)` says which files in folders are
 * meant. `onFiles(files, handles)` gets what was chosen: the handles, as far as the browser gives them, in the order of the
 * files, as promises or null.
 */
export function chooseFiles({ field, drop, endings, isTaken, onFiles }) {
  /** Where the browser can tell where a file lies, it is asked to: then going on after a crash takes one click. */
  async function pick() {
    let handles;
    try {
      handles = await window.showOpenFilePicker({ multiple: true, types: [{ accept: { "video/*": endings } }] });
    } catch {
      // Nothing was chosen.
      return;
    }
    const found = await Promise.allSettled(handles.map((handle) => handle.getFile()));
    const there = found.flatMap(({ value }, index) => (value ? { file: value, handle: handles[index] } : []));
    const gone = handles.filter((_, index) => !found[index].value).map(({ name }) => name);
    if (gone.length > 0) showToast(ngettext("This file can’t be read: %(names)s", "These files can’t be read: %(names)s", gone.length, { names: gone.join(", ") }));
    onFiles(
      there.map(({ file }) => file),
      there.map(({ handle }) => handle),
    );
  }

  /** Of what lies in folders only the videos: nobody has chosen the rest. */
  async function dropped(dataTransfer) {
    const handles = handlesIn(dataTransfer);
    const { files, found } = await filesIn(dataTransfer);
    const videos = found.filter(isTaken);
    // With folders among them, which file has which handle is not known.
    onFiles([...files, ...videos], found.length === 0 ? handles : []);
    const others = found.length - videos.length;
    if (others > 0) showToast(ngettext("%(n)s file in the folder isn’t a video and was skipped.", "%(n)s files in the folder aren’t videos and were skipped.", others));
  }

  if (window.showOpenFilePicker) {
    field.addEventListener("click", (event) => {
      event.preventDefault();
      pick();
    });
  }
  field.addEventListener("change", () => {
    const files = [...field.files];
    // So that the same file can be chosen again.
    field.value = "";
    onFiles(files, []);
  });

  // Files may fall anywhere on the page.
  onFileDrag({
    onOver: () => drop.toggleAttribute("data-over", true),
    onOut: () => drop.removeAttribute("data-over"),
    onDrop: dropped,
  });

  // After "back", a browser may have kept the files.
  if (field.files.length > 0) field.dispatchEvent(new Event("change"));
}
