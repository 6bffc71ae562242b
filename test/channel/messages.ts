import assert from "node:assert/strict";
import type { Channel, SendResult } from "../../src/channel/channel.ts";
import { addressOf } from "../../src/model/address.ts";
import type { Message } from "../../src/model/message.ts";
import type { Report } from "../../src/model/report.ts";
import { smsOf } from "../../src/simulator/written.ts";

/** A message that the gateway hands to a channel. */
export function outgoing(changes: Partial<Message> = {}): Message {
  return {
    id: "0199a2b4-0000-7000-8000-00000000000a",
    root: "0199a2b4-0000-7000-8000-000000000001",
    parent: undefined,
    kind: "sms",
    direction: "out",
    channel: "CHANNEL1",
    account: undefined,
    from: "+15550001111",
    to: "+15552223333",
    sms: smsOf({ from: "+15550001111", to: "+15552223333", text: "Hello" }),
    report: undefined,
    sameAsParent: false,
    hops: 0,
    log: [],
    ...changes,
  };
}

/** A message that fits one request, handed to the peer. */
export function handOver(
  channel: Channel,
  message: Message,
  done: (result: SendResult) => void,
): void {
  const written = channel.write(message);
  if ("code" in written) return done({ kind: "impossible", ...written });
  const [request, ...others] = written.requests;
  assert.ok(request !== undefined && others.length === 0);
  channel.send(message, request, done);
}

/** What a customer is to be told of a message of his: from the phone back to his sender. */
export function reportOut(account: string, changes: Partial<Report> = {}): Message {
  const sms = smsOf({ from: "+15552223333", to: "+15550001111", text: "" });
  const report: Report = {
    messageId: "0199a2b4-0000-7000-8000-000000000001",
    status: "NOTDELIVERED",
    state: "UNDELIV",
    error: "001",
    submittedMs: Date.UTC(2026, 7, 1, 12, 0),
    doneMs: Date.UTC(2026, 7, 1, 12, 5),
    text: "Hello",
    networkError: undefined,
    ...changes,
  };
  return outgoing({
    kind: "report",
    account,
    from: "+15552223333",
    to: "+15550001111",
    sms: { ...sms, from: addressOf("+15552223333"), to: addressOf("+15550001111") },
    report,
  });
}
