/** hls.js, in a file of its own: it is larger than all of the player, and few films need it. */

export { default } from "hls.js";
