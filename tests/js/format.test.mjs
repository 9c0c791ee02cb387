import assert from "node:assert/strict";
import { test } from "node:test";

import { formatMoment } from "../../web/src/common/format.js";

test("an instant is said in full, in the language of the page and with its figures", () => {
  const instant = new Date(2026, 10, 30, 14, 5);
  assert.match(formatMoment(instant, "en"), /^Monday,? 30 November 2026(,| at) 14:05$/);
  assert.match(formatMoment(instant, "ar"), /^الاثنين.*30.*2026.*2:05/);
});
