import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, steppedRate } from "../../web/src/player/keys.js";

const press = (key, where = {}) => actionOf({ key, hasModifier: false, isOnPlayer: false, isTyping: false, ...where });

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
    0: { name: "jump", share: 0 },
    7: { name: "jump", share: 0.7 },
    "<": { name: "rate", step: -1 },
    ">": { name: "rate", step: 1 },
  };
  for (const [key, action] of Object.entries(expected)) assert.deepEqual(press(key), action, key);
  for (const key of ["x", "Enter", "Tab", "Escape", "F5", "Dead"]) assert.equal(press(key), null, key);
});

test("with a modifier, and where somebody types, keys are not ours", () => {
  for (const key of ["k", "f", "5", " ", "ArrowLeft"]) {
    assert.equal(press(key, { hasModifier: true }), null);
    assert.equal(press(key, { isTyping: true }), null);
  }
});

test("on the player itself the browser's controls keep space, up and down", () => {
  for (const key of [" ", "ArrowUp", "ArrowDown"]) assert.equal(press(key, { isOnPlayer: true }), null);
  assert.deepEqual(press("ArrowRight", { isOnPlayer: true }), { name: "skip", seconds: 5 });
  assert.deepEqual(press("k", { isOnPlayer: true }), { name: "toggle" });
});

test("the rate goes in steps and stays within bounds", () => {
  assert.deepEqual([steppedRate(1, 1), steppedRate(1, -1), steppedRate(2, 1), steppedRate(0.25, -1), steppedRate(1.1, 1)], [1.25, 0.75, 2, 0.25, 1.25]);
});
