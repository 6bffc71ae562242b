import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  ELEMENT,
  headerIn,
  headerLength,
  headerOf,
  portsElement,
  portsIn,
  shiftElements,
  shiftsIn,
} from "../../src/sms/user-data-header.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const element = (id: number, octets: string) => ({ id, octets: hex(octets) });

test("[I21] a header is its length and elements of number, length and content", () => {
  const octets = hex("0b 05 04 0b84 23f0 00 03 05 02 01 48 69");
  const header = headerIn(octets);
  assert.deepEqual(header, {
    elements: [element(0x05, "0b84 23f0"), element(0x00, "05 02 01")],
    length: 12,
    fault: undefined,
  });
  assert.deepEqual(headerOf(header.elements), octets.subarray(0, 12));
  assert.equal(headerLength(header.elements), 12);
});

test("no elements are no header, and a header of none is read as one octet", () => {
  assert.deepEqual(headerOf([]), Buffer.alloc(0));
  assert.equal(headerLength([]), 0);
  assert.deepEqual(headerIn(hex("00 48")), { elements: [], length: 1, fault: undefined });
});

test("a broken header is told, its elements are ignored, and the text behind it still stands", () => {
  assert.deepEqual(headerIn(hex("05 00 03 05 02")), { elements: [], length: 5, fault: "too_long" });
  assert.deepEqual(headerIn(Buffer.alloc(0)), { elements: [], length: 0, fault: "too_long" });
  const cut = { elements: [], fault: "element_cut" };
  assert.deepEqual(headerIn(hex("05 00 04 05 02 01 41")), { ...cut, length: 6 });
  assert.deepEqual(headerIn(hex("06 00 03 05 02 01 24 41")), { ...cut, length: 7 });
});

test("ports are read in both widths, the last ones counting, and written in 16 bits", () => {
  assert.deepEqual(portsIn([element(4, "f0 f1")]), { to: 0xf0, from: 0xf1 });
  assert.deepEqual(portsIn([element(5, "0b84 23f0")]), { to: 2948, from: 9200 });
  assert.deepEqual(portsIn([element(4, "f0 f1"), element(5, "0001 0002")]), { to: 1, from: 2 });
  assert.equal(portsIn([element(5, "0b84"), element(4, "01")]), undefined);
  assert.deepEqual(portsElement({ to: 2948, from: 9200 }), element(5, "0b84 23f0"));
});

test("national tables are read and written by the language's identifier", () => {
  assert.deepEqual(shiftsIn([element(0x24, "01"), element(0x25, "06")]), {
    single: "turkish",
    locking: "hindi",
  });
  assert.deepEqual(shiftsIn([]), {});
  assert.equal(shiftsIn([element(0x24, "0e")]), undefined);
  assert.equal(shiftsIn([element(0x25, "")]), undefined);
  const shifts = { locking: "urdu", single: "spanish" } as const;
  assert.deepEqual(shiftElements(shifts), [element(0x25, "0d"), element(0x24, "02")]);
  assert.deepEqual(shiftsIn(shiftElements(shifts)), shifts);
});

test("a header longer than its length can say is a fault of ours", () => {
  const octets = Buffer.alloc(253);
  assert.equal(headerOf([{ id: 0x70, octets }]).length, 256);
  assert.throws(() => headerOf([{ id: 0x70, octets }, element(0, "")]), RangeError);
});

test("elements come back from a header as they were, repeats and unknown ones too", () => {
  const id = fc.oneof(fc.constantFrom(...Object.values(ELEMENT)), fc.nat({ max: 255 }));
  const one = fc
    .tuple(id, fc.uint8Array({ maxLength: 20, size: "max" }))
    .map(([id, raw]) => ({ id, octets: Buffer.from(raw) }));
  fc.assert(
    fc.property(
      fc.array(one, { maxLength: 11, size: "max" }),
      fc.uint8Array({ size: "max", maxLength: 160 }),
      (elements, text) => {
        const header = headerOf(elements);
        const read = headerIn(Buffer.concat([header.length > 0 ? header : Buffer.of(0), text]));
        assert.deepEqual(read.elements, elements);
        assert.equal(read.fault, undefined);
        assert.equal(read.length, Math.max(1, header.length));
      },
    ),
  );
});

test("any octets are read as a header without an error and never beyond their end", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300, size: "max" }), (raw) => {
      const octets = Buffer.from(raw);
      const header = headerIn(octets);
      assert.ok(header.length <= octets.length);
      portsIn(header.elements);
      shiftsIn(header.elements);
      if (header.fault === undefined && header.elements.length > 0)
        assert.deepEqual(headerOf(header.elements), octets.subarray(0, header.length));
    }),
  );
});
