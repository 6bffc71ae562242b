import type { ForwardAction } from "../../model/decision.ts";
import type { ErrorCode } from "../../model/error.ts";
import type { MessageEvent } from "../../model/event.ts";
import type { PartOfText } from "../../model/part-of-text.ts";
import type { Message as Row } from "../../model/message.ts";
import type { NamedTlv } from "../../model/tlv.ts";
import type { Decided, HeaderElement, Message } from "../sdk-events.ts";
import { headerElements } from "./header-elements.ts";
import type { Tlvs } from "../sdk-tlvs.ts";
import { ask, decidedBefore, type Run } from "./run.ts";
import { tlvActs, tlvsFrom } from "./tlvs.ts";
import { latin1Of } from "../../model/octets-text.ts";

/** A message as it crosses into an isolate. */
export type MessageTuple = readonly [
  id: string,
  root: string,
  channel: string,
  account: string | null,
  session: string | null,
  origin: MessageEvent["origin"],
  from: string,
  to: string,
  text: string | null,
  parts: number,
  serviceType: string,
  esmClass: number,
  priority: number,
  dataCoding: number,
  registeredDelivery: number,
  encoding: string | null,
  /** A character for each, U+0000 to U+00FF: the cheapest way over. */
  octets: string,
  part: readonly [by: PartOfText["by"], reference: number, number: number, total: number] | null,
  tlvs: readonly NamedTlv[] | null,
  destinations: readonly string[] | null,
  client: ClientTuple | null,
];

/** What its sender wrote on it for himself. */
export type ClientTuple = readonly [reference: string | null, tags: readonly string[]];

export function clientTuple({ client }: Pick<Row, "client">): ClientTuple | null {
  return client === undefined ? null : [client.reference ?? null, client.tags ?? []];
}

export function messageTuple(event: MessageEvent): MessageTuple {
  const { message, part } = event;
  const { sms } = message;
  return [
    message.id,
    message.root,
    message.channel,
    message.account ?? null,
    event.session ?? null,
    event.origin,
    message.from,
    message.to,
    event.text ?? null,
    event.parts,
    sms?.serviceType ?? "",
    sms?.esmClass ?? 0,
    sms?.priority ?? 0,
    sms?.dataCoding ?? 0,
    sms?.registeredDelivery ?? 0,
    event.encoding ?? null,
    sms === undefined ? "" : latin1Of(sms.octets),
    part === undefined ? null : [part.by, part.reference, part.number, part.total],
    event.tlvs ?? null,
    event.destinations ?? null,
    clientTuple(message),
  ];
}

export function messageFrom(tuple: MessageTuple, run: Run): Message {
  return new ScriptMessage(tuple, run);
}

/** A class, because this is made once per event and trigger: its methods are made once. */
class ScriptMessage implements Message {
  readonly id: string;
  readonly root: string;
  readonly channel: string;
  readonly account: string | undefined;
  readonly session: string | undefined;
  readonly origin: MessageEvent["origin"];
  readonly from: string;
  readonly to: string;
  readonly text: string | undefined;
  readonly parts: number;
  readonly serviceType: string;
  readonly esmClass: number;
  readonly priority: number;
  readonly dataCoding: number;
  readonly reportAsked: boolean;
  readonly encoding: Message["encoding"];
  readonly part: PartOfText | undefined;
  readonly #octets: string;
  readonly #tlvs: MessageTuple[18];
  readonly #destinations: MessageTuple[19];
  readonly #client: MessageTuple[20];
  readonly #run: Run;

  constructor(tuple: MessageTuple, run: Run) {
    this.id = tuple[0];
    this.root = tuple[1];
    this.channel = tuple[2];
    this.account = tuple[3] ?? undefined;
    this.session = tuple[4] ?? undefined;
    this.origin = tuple[5];
    this.from = tuple[6];
    this.to = tuple[7];
    this.text = tuple[8] ?? undefined;
    this.parts = tuple[9];
    this.serviceType = tuple[10];
    this.esmClass = tuple[11];
    this.priority = tuple[12];
    this.dataCoding = tuple[13];
    // SMPP v3.4 §5.2.17: the two lowest bits ask for a report of the final outcome.
    this.reportAsked = (tuple[14] & 3) !== 0;
    // incoming.ts makes it of the same list of names.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    this.encoding = (tuple[15] ?? undefined) as Message["encoding"];
    this.#octets = tuple[16];
    const part = tuple[17];
    this.part =
      part === null
        ? undefined
        : { by: part[0], reference: part[1], number: part[2], total: part[3] };
    this.#tlvs = tuple[18];
    this.#destinations = tuple[19];
    this.#client = tuple[20];
    this.#run = run;
  }

  get destinations(): readonly string[] {
    return this.#destinations ?? [this.to];
  }

  get clientReference(): string | undefined {
    return this.#client?.[0] ?? undefined;
  }

  get tags(): readonly string[] {
    return this.#client?.[1] ?? [];
  }

  get tlvs(): Tlvs {
    return tlvsFrom(this.#tlvs);
  }

  /** Made when it is asked for, because most handlers take no octets, and anew, so that it is his own. */
  get octets(): Uint8Array {
    const text = this.#octets;
    const octets = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
    return octets;
  }

  get headers(): readonly HeaderElement[] {
    // SMPP v3.4 §5.2.12: the octets begin with a user data header.
    return (this.esmClass & 0x40) === 0 ? [] : headerElements(this.octets);
  }

  get decided(): readonly Decided[] {
    return decidedBefore(this.#run);
  }

  accept(answer: { charge?: number | "route" } = {}): void {
    ask(this.#run, ["a", chargeIn(answer.charge), null]);
  }

  reject(code: ErrorCode | number, reason?: string): void {
    ask(this.#run, ["r", code, reason ?? null]);
  }

  forward(to: Omit<ForwardAction, "do"> = {}): void {
    const act = [
      "f",
      // A wrong one goes over as it is, so that its fault is told.
      to.channel === undefined ? null : to.channel,
      to.account ?? null,
      to.from ?? null,
      to.to ?? null,
      to.text ?? null,
      to.report ?? null,
      tlvActs(to.tlvs),
      to.destination ?? null,
    ] as const;
    if (to.else !== undefined) ask(this.#run, [...act, to.dataCoding ?? false, to.else]);
    else ask(this.#run, to.dataCoding === undefined ? act : [...act, to.dataCoding]);
  }

  fail(reason: string): void {
    ask(this.#run, ["x", reason]);
  }

  trace(text: string): void {
    ask(this.#run, ["t", text]);
  }
}

/** What came of a fault in a sum, or of a price that is not there, must not make a message free: it is refused. */
function chargeIn(charge: number | "route" | undefined): number | "route" | null {
  if (charge === undefined) return null;
  // JSON has no such numbers; they would cross as null, which asks for no charge.
  const crosses = typeof charge === "number" ? Number.isFinite(charge) : !Object.is(charge, null);
  return crosses ? charge : noCharge;
}

/** No number from 0. */
const noCharge = -1;
