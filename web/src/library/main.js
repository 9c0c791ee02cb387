/** The library: it goes on by itself, one's own videos can be changed there, and what is not to be continued goes. */

import { fillPreviews } from "../common/previews.js";
import { saveVisibilities } from "../common/visibility.js";
import { Endless } from "./endless.js";
import { forgetting } from "./forgetting.js";
import { keepPlace } from "./place.js";

saveVisibilities();
for (const form of document.querySelectorAll("[data-forget]")) forgetting(form);
fillPreviews();
const list = document.querySelector("[data-list]");
const pages = document.querySelector("[data-pages]");
if (list) keepPlace(list, pages && new Endless(list, pages));
