/** Which files are taken, said before anything of them is sent. The server has the last word, by the same rule: an ending that
    is known decides, and a type only where the ending says nothing. */

import { formatSize } from "../../common/format.js";
import { gettext } from "../../common/i18n.js";
import { cleanName } from "./file_name.js";

/** Why a file is not taken, or null when it is. `types` and `endings` (".mp4") are the server's lists, `mostBytes` a link's. */
export function refusalOf({ name, size, type }, { types, endings, mostBytes = Infinity, language }) {
  if (!isVideo({ name, type }, { types, endings })) {
    const known = endings.map((ending) => ending.slice(1).toUpperCase()).join(", ");
    return gettext("This file type isn’t supported. Use %(known)s.", { known });
  }
  if (size === 0) return gettext("This file is empty.");
  if (size > mostBytes) return gettext("This file is too large (maximum %(size)s).", { size: formatSize(mostBytes, language) });
  // On disks of other systems, with the name of the file beside which it lies.
  if (name.startsWith("._")) return gettext("This isn’t the video itself, but a hidden file that macOS keeps beside it.");
  return null;
}

function isVideo({ name, type }, { types, endings }) {
  const ending = /\.[^.]+$/.exec(cleanName(name).toLowerCase())?.[0] ?? "";
  return endings.includes(ending) || types.includes(type.split(";")[0].trim().toLowerCase());
}
