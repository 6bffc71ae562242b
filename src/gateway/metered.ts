import type { Channel, SendResult } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { BindAnswer, BindEvent, MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import type { AnswerCode, Meter } from "../model/meter.ts";
import { type Finisher, asksReport } from "./finish.ts";
import { queueParts } from "./queue-name.ts";

/** Counts how messages are answered, and how long that takes: from the channel's call to the commit. */
export function meteredMessages(
  answer: (event: MessageEvent) => Promise<MessageAnswer>,
  { meter, clock }: { readonly meter: Meter; readonly clock: Clock },
): (event: MessageEvent) => Promise<MessageAnswer> {
  return async (event) => {
    const startMs = clock.tickMs();
    // What it is when the answerer throws: the channel tells the peer so.
    let code: AnswerCode = "internal";
    try {
      const answered = await answer(event);
      code = codeOf(answered);
      return answered;
    } finally {
      const { channel, account } = event.message;
      meter.messageAnswered({ channel, account, code, tookMs: clock.tickMs() - startMs });
    }
  };
}

/** Counts how binds are answered. */
export function meteredBinds(
  answer: (event: BindEvent) => Promise<BindAnswer>,
  meter: Meter,
): (event: BindEvent) => Promise<BindAnswer> {
  return async (event) => {
    let code: AnswerCode = "internal";
    try {
      const answered = await answer(event);
      code = codeOf(answered);
      return answered;
    } finally {
      meter.bindAnswered(event.channel, code);
    }
  };
}

function codeOf(answer: MessageAnswer | BindAnswer): AnswerCode {
  return answer.kind === "refused" ? answer.code : answer.kind;
}

/** Counts what became of a request that is handed to a peer, and how long he took. */
export function meteredSend(
  {
    channel,
    message,
    request,
  }: { readonly channel: Channel; readonly message: Message; readonly request: Sms },
  { meter, clock }: { readonly meter: Meter; readonly clock: Clock },
  done: (result: SendResult) => void,
): void {
  const startMs = clock.tickMs();
  channel.send(message, request, (result) => {
    meter.handedOver({
      channel: channel.name,
      account: message.account,
      result: result.kind,
      status: result.kind === "refused" ? result.status : undefined,
      tookMs: clock.tickMs() - startMs,
    });
    done(result);
  });
}

/** Counts the ends of messages that went out; one whose report is awaited has not ended. */
export function meteredFinisher(finish: Finisher, meter: Meter): Finisher {
  return async (row, end) => {
    const tell = await finish(row, end);
    const { kind } = row.message;
    const awaitsReport = end.status === "SENT" && asksReport(row.message);
    if (kind === "sms" && !awaitsReport) meter.ended(queueParts(row.queue).channel, end.status);
    return tell;
  };
}
