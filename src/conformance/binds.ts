import type { BindType } from "../model/event.ts";
import { COMMAND, responseTo } from "../smpp/command.ts";
import { decodeBindAnswer } from "../smpp/bind.ts";
import { BIND_COMMAND } from "../smpp/states.ts";
import {
  type Check,
  type Expectation,
  type Verdict,
  exchange,
  hex,
  isAlive,
  refused,
  wordsOf,
} from "./check.ts";
import { bindPdu, withBody } from "./pdus.ts";
import type { Seen } from "./wire.ts";

const TYPES: readonly BindType[] = ["transmitter", "receiver", "transceiver"];

const SECTION: Readonly<Record<BindType, string>> = {
  transmitter: "v3.4 §4.1.1",
  receiver: "v3.4 §4.1.3",
  transceiver: "v3.4 §4.1.5",
};

/** Letting in and keeping out. */
export const BINDS: readonly Check[] = [
  ...TYPES.map((bindType) =>
    binding(bindType, 0x34, {
      section: SECTION[bindType],
      expects: "0x00, a system_id, sc_interface_version",
      // The TLV is optional in the specification (§5.3.2.25): it is told when it is missing.
      judge: ({ version }) => (version === undefined ? "unsupported" : "pass"),
    }),
  ),
  ...(["transmitter", "receiver"] as const).map((bindType) =>
    binding(bindType, 0x33, {
      section: "v3.4 §3.4.1",
      expects: "0x00, and no TLV to a peer that knows none",
      judge: ({ version }) => (version === undefined ? "pass" : "differs"),
    }),
  ),
  binding("transceiver", 0x50, {
    section: "v5.0 §4.1.1.1",
    expects: "0x00, sc_interface_version 0x34 or 0x50",
    judge: ({ version }) => (version === 0x34 || version === 0x50 ? "pass" : "differs"),
  }),
  binding("transceiver", 0, {
    section: "v3.4 §5.2.4",
    expects: "0x00: 0x00 to 0x33 mean a version before 3.4; no TLV",
    judge: ({ version }) => (version === undefined ? "pass" : "differs"),
  }),
  exchange({
    id: "bind-wrong-password",
    asks: "bind_transceiver with a password that is not the account's",
    section: "v3.4 §5.1.3",
    state: "open",
    command: "bind_transceiver",
    expects: refusedThenAny(0x0e, 0x0d),
    pdu: (sequence, probe) =>
      bindPdu(sequence, { ...probe, password: "\u007fno\u007f" }, "transceiver"),
  }),
  exchange({
    id: "bind-unknown-system-id",
    asks: "bind_transceiver with a system_id that nobody has",
    section: "v3.4 §5.1.3",
    state: "open",
    command: "bind_transceiver",
    expects: refusedThenAny(0x0f, 0x0d, 0x0e),
    pdu: (sequence, probe) =>
      bindPdu(sequence, { ...probe, systemId: "nobody.is.called" }, "transceiver"),
  }),
  exchange({
    id: "bind-long-system-id",
    asks: "bind_transceiver with a system_id of 40 characters",
    section: "v3.4 §5.2.1",
    state: "open",
    command: "bind_transceiver",
    expects: refusedThenAny(0x0f, 0x02, 0x0d),
    pdu: (sequence) =>
      withBody(COMMAND.bind_transceiver, sequence, `${"41".repeat(40)}00 4200 00 34 00 00 00`),
  }),
  exchange({
    id: "bind-long-password",
    asks: "bind_transceiver with a password of 100 characters",
    section: "v3.4 §5.2.2",
    state: "open",
    command: "bind_transceiver",
    expects: refusedThenAny(0x0e, 0x02, 0x0d),
    pdu: (sequence) =>
      withBody(COMMAND.bind_transceiver, sequence, `414100 ${"42".repeat(100)}00 00 34 00 00 00`),
  }),
  exchange({
    id: "bind-cut-short",
    asks: "bind_transceiver whose body ends within the password",
    section: "v3.4 §3.2",
    state: "open",
    command: "bind_transceiver",
    expects: refusedThenAny(0x02, 0x0e, 0x0d, 0x08),
    pdu: (sequence) => withBody(COMMAND.bind_transceiver, sequence, "414100 4242"),
  }),
  exchange({
    id: "bind-twice",
    asks: "a second bind_transceiver on a bound session",
    section: "v3.4 §5.1.3",
    state: "transceiver",
    command: "bind_transceiver",
    expects: refused(0x05),
    pdu: (sequence, probe) => bindPdu(sequence, probe, "transceiver"),
  }),
  {
    id: "bind-after-refusal",
    asks: "a refused bind_transceiver, then a right one on the same connection",
    section: "v3.4 §2.2",
    expects: "0x00, or the connection is closed after the refusal",
    async run(probe) {
      const wire = await probe.open();
      const wrong = { ...probe, password: "\u007fno\u007f" };
      await wire.ask(bindPdu(wire.sequence(), wrong, "transceiver"));
      const seen = await wire.ask(bindPdu(wire.sequence(), probe, "transceiver"));
      const isFine = seen.kind === "closed" || (seen.kind === "answer" && seen.status === 0);
      return { kind: isFine ? "pass" : "differs", seen: wordsOf(seen) };
    },
  },
  {
    id: "unbind",
    asks: "unbind on a bound session",
    section: "v3.4 §4.2",
    expects: "unbind_resp 0x00, then the connection is closed",
    async run(probe) {
      const wire = await probe.open();
      await wire.ask(bindPdu(wire.sequence(), probe, "transceiver"));
      const seen = await wire.ask(withBody(COMMAND.unbind, wire.sequence(), ""));
      if (seen.kind !== "answer" || seen.id !== responseTo(COMMAND.unbind) || seen.status !== 0)
        return { kind: "differs", seen: wordsOf(seen) };
      const end = await wire.ended(closesInMs);
      const then = end.kind === "closed" ? "closed" : "left open";
      return {
        kind: end.kind === "closed" ? "pass" : "differs",
        seen: `unbind_resp 0x00, then ${then}`,
      };
    },
  },
];

/** ms. How soon a server that has said unbind_resp closes. */
const closesInMs = 2_000;

/** A bind of one kind and version on a connection of its own; unbound again at the end. */
function binding(
  bindType: BindType,
  version: number,
  what: {
    readonly section: string;
    readonly expects: string;
    judge(bound: { readonly version: number | undefined }): Verdict["kind"];
  },
): Check {
  const command = BIND_COMMAND[bindType];
  return {
    id: `bind-${bindType}-${version.toString(16).padStart(2, "0")}`,
    asks: `${command} with interface_version ${hex(version)}`,
    section: what.section,
    expects: what.expects,
    async run(probe) {
      const wire = await probe.open();
      const seen = await wire.ask(bindPdu(wire.sequence(), probe, bindType, version));
      if (seen.kind !== "answer" || seen.status !== 0 || seen.id !== responseTo(COMMAND[command]))
        return { kind: "differs", seen: wordsOf(seen) };
      const dead = await isAlive(wire);
      await wire.ask(withBody(COMMAND.unbind, wire.sequence(), ""));
      return dead ?? verdictOn(seen, bindType, what.judge);
    },
  };
}

function verdictOn(
  seen: Seen & { readonly kind: "answer" },
  bindType: BindType,
  judge: (bound: { readonly version: number | undefined }) => Verdict["kind"],
): Verdict {
  const bound = decodeBindAnswer(bindType, seen.pdu);
  const told = bound.version === undefined ? "no version" : `version ${hex(bound.version)}`;
  return { kind: judge(bound), seen: `${wordsOf(seen)}, ${told}` };
}

/** A refused bind; whether the connection lives on is the server's affair. */
function refusedThenAny(...statuses: readonly number[]): Expectation {
  return { ...refused(...statuses), mayClose: true };
}
