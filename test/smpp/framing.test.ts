/** A stream cut anywhere gives the same PDUs, and a broken length is found at its fourth octet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { GatewayError } from "../../src/model/error.ts";
import { createFramer } from "../../src/smpp/framing.ts";
import { frame, header } from "./peer.ts";

const limit = 4_096;

/** Cuts a stream at the given places and frames it. */
function framed(chunks: readonly Buffer[]): string[] {
  const framer = createFramer(limit);
  const pdus: string[] = [];
  for (const chunk of chunks) {
    framer.push(chunk);
    for (let pdu = framer.next(); pdu !== undefined; pdu = framer.next())
      pdus.push(pdu.toString("hex"));
  }
  return pdus;
}

test("a stream that comes octet by octet gives whole PDUs", () => {
  const pdus = [frame(header(0x15, { sequence: 1 })), frame(`${header(4, { sequence: 2 })} 4142`)];
  const single = Array.from(Buffer.concat(pdus), (octet) => Buffer.of(octet));
  assert.deepEqual(
    framed(single),
    pdus.map((pdu) => pdu.toString("hex")),
  );
});

test("wherever the stream is cut, the PDUs are the same", () => {
  const body = fc.uint8Array({ maxLength: 300 });
  const cuts = fc.array(fc.nat(2_000), { maxLength: 12 });
  fc.assert(
    fc.property(fc.array(body, { maxLength: 8 }), cuts, (bodies, places) => {
      const pdus = bodies.map((octets, index) =>
        frame(header(4, { sequence: index }) + Buffer.from(octets).toString("hex")),
      );
      const stream = Buffer.concat(pdus);
      const at = [0, ...places.map((place) => Math.min(place, stream.length)), stream.length];
      at.sort((one, other) => one - other);
      const chunks = at.slice(1).map((end, index) => stream.subarray(at[index], end));
      assert.deepEqual(
        framed(chunks),
        pdus.map((pdu) => pdu.toString("hex")),
      );
    }),
  );
});

test("[I42] a length below 16 or above the limit is told as soon as 4 octets are there", () => {
  const broken = (error: unknown) =>
    error instanceof GatewayError && error.code === "bad_pdu_length";
  for (const hex of ["00000000", "0000000f", "00001001", "ffffffff", "47455420"]) {
    const octets = Buffer.from(hex, "hex");
    assert.throws(() => framed([octets]), broken, hex);
    assert.throws(() => framed([octets.subarray(0, 3), octets.subarray(3)]), broken, hex);
    assert.deepEqual(framed([octets.subarray(0, 3)]), []);
  }
  assert.deepEqual(framed([Buffer.from("00000010", "hex")]), []);
  assert.equal(framed([frame(header(4, { sequence: 1 }) + "00".repeat(limit - 16))]).length, 1);
});

test("a PDU that lies whole in what was read is not copied", () => {
  const framer = createFramer(limit);
  const chunk = Buffer.concat([
    frame(header(1, { sequence: 1 })),
    frame(header(2, { sequence: 2 })),
  ]);
  framer.push(chunk);
  assert.equal(framer.next()?.buffer, chunk.buffer);
  assert.equal(framer.next()?.byteOffset, chunk.byteOffset + 16);
});
