import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardOf } from "../../src/gateway/forward.ts";
import type { ForwardAction } from "../../src/model/decision.ts";
import type { Sms } from "../../src/model/message.ts";
import { sentOf } from "../support/sent.ts";

const { original } = sentOf("one");
const place = { queue: "SMPP1", dueMs: 0, expiresMs: Infinity };

/** What goes out of a message with this content. */
function forwarded(sms: Partial<Sms>, action: Partial<ForwardAction>) {
  const came = original.sms;
  assert.ok(came !== undefined);
  const message = { ...original, sms: { ...came, ...sms } };
  const event = { message, text: undefined, parts: 1, session: "s1", expiresMs: Infinity };
  const forward = forwardOf(
    { ...event, origin: "customer", isOpen: () => true },
    { do: "forward", channel: "SMPP1", ...action },
    place,
    { newId: () => "id" },
  );
  assert.ok("message" in forward);
  return { came: message.sms, went: forward.message.sms, same: forward.message.sameAsParent };
}

test("[W07] a data_coding binds the text that is written, also one that was joined, and only renames octets", () => {
  const joined = { text: "ê", octets: Buffer.alloc(0) };
  const asked = { dataCoding: 3, codingAsked: true };
  const coded = ({ went }: ReturnType<typeof forwarded>) => ({
    dataCoding: went?.dataCoding,
    ...(went?.codingAsked && { codingAsked: true }),
  });
  assert.deepEqual(coded(forwarded(joined, { dataCoding: 3 })), asked);
  assert.deepEqual(coded(forwarded({}, { text: "ê", dataCoding: 3 })), asked);
  const renamed = forwarded({}, { dataCoding: 3 });
  assert.deepEqual(coded(renamed), { dataCoding: 3 });
  assert.equal(renamed.went?.octets, renamed.came.octets);
  assert.equal(renamed.same, false);
});

test("what names nothing passes on the very content that came", () => {
  const { came, went, same } = forwarded({}, {});
  assert.equal(went, came);
  assert.equal(same, true);
});
