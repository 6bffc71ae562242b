import { messageIdFor, wantsShortId } from "../model/account-options.ts";
import { commandStatusOf } from "../model/error.ts";
import type { MessageAnswer } from "../model/event.ts";
import type { Session, ShortMessageRequest } from "../smpp/session.ts";
import type { Customer } from "./customer.ts";
import { type Desk, later } from "./desk.ts";
import { messageEvent } from "./incoming.ts";
import { type Receivers, receiversOf, toMany, unreachedIn } from "./many.ts";
import { hasTimes, timesOf } from "./times.ts";
import { fitDeclared } from "./tlv-settings.ts";

/** Messages that customers submit: each is an event, and its sender is told what comes of it. */
export interface Submissions {
  /** A submit_sm, data_sm or submit_multi. */
  take(request: ShortMessageRequest, session: Session): void;
  /** Settles when every message that was taken has its answer. */
  settled(): Promise<void>;
}

export function createSubmissions(desk: Desk): Submissions {
  const { host, settings } = desk;
  const { clock, log } = host;
  /** Messages whose answer is being decided or committed. */
  let deciding = 0;
  let onDecided: (() => void)[] = [];

  return {
    take,
    async settled() {
      if (deciding > 0) await new Promise<void>((decided) => onDecided.push(decided));
    },
  };

  function take(request: ShortMessageRequest, session: Session): void {
    const customer = desk.customerOf(session);
    if (customer === undefined) return;
    customer.received += 1;
    const { destinations } = request;
    const many = destinations === undefined ? undefined : receiversOf(destinations);
    if (many?.to.length === 0) {
      // Nothing is told of each: a refusal has no body.
      session.answer(request, many.unreached[0]?.status ?? commandStatusOf("bad_destination"));
      return;
    }
    if (request.sms.tlvs.length > 0 && !fitDeclared(request.sms.tlvs, settings)) {
      session.answer(request, commandStatusOf("tlv_length"));
      return;
    }
    if (desk.isClosing() || desk.isDrained()) {
      session.answer(request, commandStatusOf(desk.isClosing() ? "overloaded" : "channel_drained"));
      return;
    }
    const times = hasTimes(request.sms)
      ? timesOf(request.sms, { ...settings, nowMs: clock.nowMs() })
      : undefined;
    if (times !== undefined && "code" in times) {
      session.answer(request, commandStatusOf(times.code));
      return;
    }
    const startMs = request.receivedMs;
    const isOpen = (): boolean =>
      session.state !== "closed" && clock.tickMs() - startMs < settings.answerTimeoutMs;
    const { account } = customer;
    const shortId = wantsShortId(desk.optionsOf(account), session.version);
    const arrival = { host, settings, request, session, account, isOpen };
    const one = messageEvent({ ...arrival, times, shortId });
    const event = many === undefined ? one : toMany(one, many, settings.numbers);
    deciding += 1;
    host.emit("message", event).then(
      (answer) => {
        answerWith(request, customer, answer, startMs, many);
        settle();
      },
      (cause: unknown) => {
        log.error({ session: session.id, message: event.message.id, err: cause }, "message failed");
        session.answer(request, commandStatusOf("internal"));
        settle();
      },
    );
  }

  function settle(): void {
    deciding -= 1;
    if (deciding > 0) return;
    for (const decided of onDecided) decided();
    onDecided = [];
  }

  function answerWith(
    request: ShortMessageRequest,
    { session, account }: Customer,
    answer: MessageAnswer,
    startMs: number,
    many: Receivers | undefined,
  ): void {
    switch (answer.kind) {
      case "accepted":
        session.answer(
          request,
          0,
          messageIdFor(answer.id, desk.optionsOf(account)),
          many && unreachedIn(many, answer),
        );
        break;
      case "refused":
        session.answer(request, commandStatusOf(answer.code));
        break;
      case "unanswered":
        if (settings.onUnhandled === "reject")
          session.answer(request, commandStatusOf("unanswered"));
        else
          later(settings.answerTimeoutMs - (clock.tickMs() - startMs), () => {
            log.warn({ session: session.id }, "closed: a message was not answered by any trigger");
            session.close("message_unanswered");
          });
        break;
    }
  }
}
