/** What every page has beyond its HTML; nothing here is needed to use it. */

import { dialogButtons } from "../common/dialogs.js";
import { localDays } from "../common/local_days.js";
import { copyText } from "./copy_text.js";
import { dropToUpload } from "./drop.js";
import { menu } from "./menu.js";
import { searchPanel } from "./search_panel.js";
import { showPassword } from "./show_password.js";
import { themeChoice } from "./theme.js";
import { localTimes } from "./times.js";

for (const button of document.querySelectorAll("[data-show-password]")) showPassword(button);
for (const button of document.querySelectorAll("[data-copy]")) copyText(button);
for (const details of document.querySelectorAll("[data-menu]")) menu(details);
for (const form of document.querySelectorAll("[data-theme-choice]")) themeChoice(form);
// At 360 pixels the tab of this page may be behind the edge.
document.querySelector(".tab[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
dialogButtons();
localDays(document);
localTimes();
searchPanel(document.querySelector("#search"));
// The upload page takes them itself.
if (!document.querySelector("[data-upload-page]")) dropToUpload(document.querySelector("[data-drop-url]"));
