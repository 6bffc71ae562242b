import type { ForwardAction } from "../../model/decision.ts";
import type { ErrorCode } from "../../model/error.ts";
import type { MessageEvent } from "../../model/event.ts";
import type { Decided, Message } from "../sdk.ts";
import { ask, decidedBefore, type Run } from "./run.ts";

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
];

export function messageTuple(event: MessageEvent): MessageTuple {
  const { message } = event;
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
    this.#run = run;
  }

  get decided(): readonly Decided[] {
    return decidedBefore(this.#run);
  }

  accept(answer: { charge?: number } = {}): void {
    ask(this.#run, ["a", answer.charge ?? null, null]);
  }

  reject(code: ErrorCode | number, reason?: string): void {
    ask(this.#run, ["r", code, reason ?? null]);
  }

  forward(to: Omit<ForwardAction, "do">): void {
    ask(this.#run, [
      "f",
      to.channel,
      to.account ?? null,
      to.from ?? null,
      to.to ?? null,
      to.text ?? null,
    ]);
  }

  fail(reason: string): void {
    ask(this.#run, ["x", reason]);
  }

  trace(text: string): void {
    ask(this.#run, ["t", text]);
  }
}
