import type { BindType } from "../model/event.ts";
import { commandStatusName } from "../smpp/command-status.ts";
import { COMMAND, type Command, GENERIC_NACK, commandName, responseTo } from "../smpp/command.ts";
import { type Seen, type Wire, enquireLink } from "./wire.ts";

/** What may be asked of a server over a socket, and what it should do. `checks.ts` lists them all. */
export interface Check {
  /** Stable; `bind-transceiver-34`. */
  readonly id: string;
  readonly asks: string;
  /** Of the SMPP specification that the expectation is taken from. */
  readonly section: string;
  readonly expects: string;
  /** It may reach a phone: left out unless a number was given to send to. */
  readonly sends?: true;
  /** It waits for a time-out of the peer: as long as `patienceMs`. */
  readonly waits?: true;
  run(probe: Probe): Promise<Verdict>;
}

export interface Verdict {
  /** `unsupported`: an optional command that is refused as unknown, as it should be then. */
  readonly kind: "pass" | "differs" | "unsupported";
  /** What the peer did. */
  readonly seen: string;
}

/** What a check works with. */
export interface Probe {
  readonly systemId: string;
  readonly password: string;
  readonly systemType: string;
  /** Sender and recipient of what is submitted; digits, with `+` when international. */
  readonly from: string;
  readonly to: string;
  /** ms. How long the peer's time-outs are waited for. */
  readonly patienceMs: number;
  /** A new connection on which nobody has bound; closed at the end of the check. */
  open(): Promise<Wire>;
  /** A bound connection, which checks share as long as it lives. One is bound at a time. */
  bound(bindType: BindType): Promise<Wire>;
}

export type State = "open" | BindType;

/** What the peer should do with one PDU. */
export interface Expectation {
  readonly words: string;
  /** The connection may end with it. */
  readonly mayClose?: true;
  judge(seen: Seen, command: Command): Verdict["kind"];
}

const unknownCommand = 0x03;

/** Answered with success. An `optional` command may be refused as one that is not supported. */
export function succeeds(optional = false): Expectation {
  return {
    words: optional ? "0x00, or 0x03 when not supported" : "0x00",
    judge(seen, command) {
      if (seen.kind !== "answer") return "differs";
      if (optional && seen.status === unknownCommand) return "unsupported";
      return seen.id === responseTo(COMMAND[command]) && seen.status === 0 ? "pass" : "differs";
    },
  };
}

/** Refused with one of these statuses, in its own answer or a generic_nack. */
export function refused(...statuses: readonly number[]): Expectation {
  return {
    words: `refused with ${statuses.map(hex).join(" or ")}`,
    judge: (seen) =>
      seen.kind === "answer" && statuses.includes(seen.status) ? "pass" : "differs",
  };
}

/** As `refused`, of a command that a server need not support. */
export function refusedIfSupported(...statuses: readonly number[]): Expectation {
  const plain = refused(...statuses);
  return {
    words: `${plain.words}, or 0x03 when not supported`,
    judge(seen, command) {
      const isUnknown = seen.kind === "answer" && seen.status === unknownCommand;
      return isUnknown && !statuses.includes(unknownCommand)
        ? "unsupported"
        : plain.judge(seen, command);
    },
  };
}

/** A generic_nack with one of these. */
export function nacked(...statuses: readonly number[]): Expectation {
  return {
    words: `generic_nack ${statuses.map(hex).join(" or ")}`,
    judge: (seen) =>
      seen.kind === "answer" && seen.id === GENERIC_NACK && statuses.includes(seen.status)
        ? "pass"
        : "differs",
  };
}

/** A check that sends one PDU in one state, looks at the answer, and then whether the session lives. */
export function exchange(check: {
  readonly id: string;
  readonly asks: string;
  readonly section: string;
  readonly state: State;
  readonly command: Command;
  readonly sends?: true;
  readonly expects: Expectation;
  pdu(sequence: number, probe: Probe): Buffer;
}): Check {
  const { id, asks, section, state, command, sends, expects } = check;
  return {
    id,
    asks,
    section,
    expects: expects.words,
    ...(sends && { sends }),
    async run(probe) {
      const wire = state === "open" ? await probe.open() : await probe.bound(state);
      const seen = await wire.ask(check.pdu(wire.sequence(), probe));
      const kind = expects.judge(seen, command);
      if (kind === "differs" || expects.mayClose === true) return { kind, seen: wordsOf(seen) };
      return (await isAlive(wire)) ?? { kind, seen: wordsOf(seen) };
    },
  };
}

/** Nothing while the session answers enquire_link; else the verdict that says so. */
export async function isAlive(wire: Wire): Promise<Verdict | undefined> {
  const seen = await wire.ask(enquireLink(wire.sequence()));
  if (seen.kind === "answer" && seen.id === responseTo(COMMAND.enquire_link)) return undefined;
  return { kind: "differs", seen: `then enquire_link: ${wordsOf(seen)}` };
}

/** `submit_sm_resp 0x04 ESME_RINVBNDSTS`, `closed`, `no answer`. */
export function wordsOf(seen: Seen): string {
  if (seen.kind === "closed") return "connection closed";
  if (seen.kind === "silent") return "no answer";
  return `${commandName(seen.id)} ${hex(seen.status)} ${commandStatusName(seen.status)}`;
}

export function hex(status: number): string {
  return `0x${status.toString(16).toUpperCase().padStart(2, "0")}`;
}
