import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import fc from "fast-check";
import { frameOctetsMax, frameOf, readFrames } from "../../src/trigger/frame.ts";

function reading(): { pipe: PassThrough; texts: string[]; breaches: string[] } {
  const pipe = new PassThrough();
  const texts: string[] = [];
  const breaches: string[] = [];
  readFrames(
    pipe,
    (text) => texts.push(text),
    (text) => breaches.push(text),
  );
  return { pipe, texts, breaches };
}

test("frames come out as they went in, however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme", maxLength: 50 }), { maxLength: 10 }),
      fc.infiniteStream(fc.integer({ min: 1, max: 20 })),
      (sent, cuts) => {
        const { pipe, texts } = reading();
        const all = Buffer.concat(sent.map(frameOf));
        for (let at = 0; at < all.length;) {
          const size = cuts.next().value ?? 1;
          pipe.emit("data", all.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(texts, sent);
      },
    ),
  );
});

test("a frame longer than frameOctetsMax is a breach, and nothing is read after it", () => {
  const { pipe, texts, breaches } = reading();
  const head = Buffer.alloc(4);
  head.writeUInt32BE(frameOctetsMax + 1);
  pipe.emit("data", Buffer.concat([frameOf("one"), head]));
  pipe.emit("data", frameOf("two"));
  assert.deepEqual(texts, ["one"]);
  assert.equal(breaches.length, 1);
});
