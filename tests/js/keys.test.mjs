import assert from "node:assert/strict";
import { test } from "node:test";

import { RATES, actionOf, steppedRate } from "../../web/src/player/keys.js";

const press = (key, where = {}) => actionOf({ key, hasModifier: false, focus: "player", ...where });

test("the keys that people know do what people know", () => {
  const expected = {
    " ": { name: "toggle" },
    k: { name: "toggle" },
    K: { name: "toggle" },
    j: { name: "skip", seconds: -10 },
    l: { name: "skip", seconds: 10 },
    ArrowLeft: { name: "skip", seconds: -5 },
    ArrowRight: { name: "skip", seconds: 5 },
    ArrowUp: { name: "volume", change: 0.05 },
    ArrowDown: { name: "volume", change: -0.05 },
    m: { name: "mute" },
    f: { name: "fullscreen" },
    t: { name: "theatre" },
    0: { name: "jump", share: 0 },
    7: { name: "jump", share: 0.7 },
    Home: { name: "jump", share: 0 },
    End: { name: "jump", share: 1 },
    "<": { name: "rate", step: -1 },
    ">": { name: "rate", step: 1 },
    ",": { name: "frame", step: -1 },
    ".": { name: "frame", step: 1 },
    "?": { name: "help" },
  };
  for (const [key, action] of Object.entries(expected)) assert.deepEqual(press(key), action, key);
  for (const key of ["x", "Enter", "Tab", "Escape", "F5", "Dead", "toString"]) assert.equal(press(key), null, key);
});

test("with a modifier, and where somebody writes, keys are not ours", () => {
  assert.deepEqual([press("N", { hasShift: true }), press("n")], [{ name: "next" }, null]);
  assert.deepEqual([press("P", { hasShift: true }), press("p")], [{ name: "previous" }, null]);
  assert.deepEqual([press("Escape", { hasNext: true }), press("Escape")], [{ name: "cancel" }, null]);
  for (const key of ["k", "f", "5", " ", "ArrowLeft", "?"]) {
    assert.equal(press(key, { hasModifier: true }), null);
    assert.equal(press(key, { focus: "text" }), null);
  }
});

test("a button keeps space, another slider its arrows, and the page its scrolling", () => {
  assert.equal(press(" ", { focus: "button" }), null);
  assert.deepEqual(press("ArrowUp", { focus: "button" }), { name: "volume", change: 0.05 });
  for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]) assert.equal(press(key, { focus: "range" }), null, key);
  for (const key of ["ArrowUp", "ArrowDown", "Home", "End"]) assert.equal(press(key, { focus: "page" }), null, key);
  for (const focus of ["button", "range", "page"]) {
    assert.deepEqual(press("k", { focus }), { name: "toggle" });
    assert.deepEqual(press("j", { focus }), { name: "skip", seconds: -10 });
  }
});

test("the rate goes in steps and stays within bounds", () => {
  assert.deepEqual([steppedRate(1, 1), steppedRate(1, -1), steppedRate(2, 1), steppedRate(0.25, -1), steppedRate(1.1, 1)], [1.25, 0.75, 2, 0.25, 1.25]);
  assert.ok(RATES.includes(1));
});

test("on keyboards without Latin letters the place of a key counts, on others what it writes", () => {
  const typed = (key, code, hasShift = false) => press(key, { code, hasShift })?.name ?? null;
  // Arabic, Russian, Greek, Hebrew, Hindi.
  for (const [key, code] of [["ن", "KeyK"], ["л", "KeyK"], ["Л", "KeyK"], ["κ", "KeyK"], ["ל", "KeyK"], ["क", "KeyK"]]) assert.equal(typed(key, code), "toggle", key);
  assert.deepEqual(press("ت", { code: "KeyJ" }), { name: "skip", seconds: -10 });
  assert.deepEqual(press("٧", { code: "Digit7" }), { name: "jump", share: 0.7 });
  assert.deepEqual(press("۷", { code: "Numpad7" }), { name: "jump", share: 0.7 });
  assert.deepEqual(press("Б", { code: "Comma", hasShift: true }), { name: "rate", step: -1 });
  assert.deepEqual(press("ю", { code: "Period" }), { name: "frame", step: 1 });
  assert.equal(typed("؟", "Slash", true), "help");
  // AZERTY: the letter at another place, digits without Shift, and < on a key of its own.
  assert.equal(typed("a", "KeyQ"), null);
  assert.equal(typed("m", "Semicolon"), "mute");
  assert.deepEqual(press("é", { code: "Digit2" }), { name: "jump", share: 0.2 });
  assert.deepEqual(press("&", { code: "Digit1" }), { name: "jump", share: 0.1 });
  assert.deepEqual(press("<", { code: "IntlBackslash" }), { name: "rate", step: -1 });
  assert.equal(typed("?", "KeyM", true), "help");
  // Dvorak's k, and a Turkish letter at the comma's place, which is no comma.
  assert.equal(typed("k", "KeyV"), "toggle");
  assert.equal(typed("t", "KeyK"), "theatre");
  assert.equal(typed("ö", "Comma"), null);
  assert.equal(typed("@", "Digit2", true), null);
  assert.equal(typed("Process", "KeyK"), null);
});
