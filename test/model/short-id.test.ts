import assert from "node:assert/strict";
import { test } from "node:test";
import { idMaker } from "../../src/model/id.ts";
import { isShortable, shortIdMaker, shortOf, shortPlace } from "../../src/model/short-id.ts";

const noon = Date.UTC(2026, 10, 21, 12);
const dayMs = 86_400_000;

test("no two short ids of a day are the same, and each has eight digits", () => {
  let nowMs = noon;
  const newId = idMaker(() => nowMs);
  const shortened = shortIdMaker();
  const seen = new Set<string>();
  for (let n = 0; n < 20_000; n += 1) {
    if (n % 40 === 0) nowMs += 1;
    const id = shortened(newId());
    assert.ok(isShortable(id));
    assert.match(shortOf(id), /^[0-9a-f]{8}$/);
    seen.add(shortOf(id));
  }
  assert.equal(seen.size, 20_000);
});

test("the moment and the count of an id stay, so that ids grow as before", () => {
  const newId = idMaker(() => noon);
  const shortened = shortIdMaker();
  const ids = Array.from({ length: 100 }, (_, n) => (n % 3 === 0 ? shortened(newId()) : newId()));
  assert.deepEqual(ids, ids.toSorted());
});

test("more than a millisecond has room for take that of the next ones, and then go without", () => {
  const newId = idMaker(() => noon);
  const shortened = shortIdMaker();
  const ids = Array.from({ length: 2_000 }, () => shortened(newId()));
  const short = ids.filter(isShortable);
  assert.equal(short.length, 20 * 49);
  assert.equal(new Set(short.map(shortOf)).size, short.length);
});

test("an id is found by its short form in the moments that it names, on the newest day first", () => {
  const newId = idMaker(() => noon);
  const shortened = shortIdMaker();
  for (let n = 0; n < 100; n += 1) {
    const id = shortened(newId());
    const place = shortPlace(shortOf(id).toUpperCase(), { nowMs: noon + 2 * dayMs, days: 3 });
    assert.ok(place !== undefined && id.endsWith(place.end));
    const { fromMs, untilMs } = place.moments[2]!;
    assert.ok(fromMs <= noon && noon <= untilMs, `${fromMs} to ${untilMs}`);
    assert.ok(place.moments[0]!.untilMs > place.moments[1]!.untilMs);
  }
  for (const text of ["", "1234567", "123456789", "ffffffff", "12345g78"])
    assert.equal(shortPlace(text, { nowMs: noon, days: 1 }), undefined, text);
});

test("an id that was made for nobody is never taken for one with a short form", () => {
  const newId = idMaker(() => noon);
  for (let n = 0; n < 10_000; n += 1) {
    const id = newId();
    assert.ok(!isShortable(id));
    // One bit is always set where the others have none.
    assert.notEqual(Number.parseInt(id.slice(21, 23), 16) & 1, 0);
  }
});
