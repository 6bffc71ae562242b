import type { Channel, SendResult } from "../channel/channel.ts";
import type { Clock } from "../model/clock.ts";
import type { BindAnswer, BindEvent, MessageAnswer, MessageEvent } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import type { AnswerCode, Meter } from "../model/meter.ts";
import { type End, type SendRow, asksReport } from "./finish.ts";
import { queueParts } from "./queue-name.ts";

/** Counts how messages are answered, and how long that takes: from when they came to the commit. */
export function meteredMessages(
  answer: (event: MessageEvent) => Promise<MessageAnswer>,
  { meter, clock }: { readonly meter: Meter; readonly clock: Clock },
): (event: MessageEvent) => Promise<MessageAnswer> {
  return (event) => {
    const startMs = event.receivedMs ?? clock.tickMs();
    const count = (code: AnswerCode): void => {
      const { channel, account } = event.message;
      meter.messageAnswered({ channel, account, code, tookMs: clock.tickMs() - startMs });
    };
    return answer(event).then(
      (answered) => {
        count(codeOf(answered));
        return answered;
      },
      (cause: unknown) => {
        // The channel tells the peer so.
        count("internal");
        throw cause;
      },
    );
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

/** Counts the end of a message that went out; one whose report is awaited has not ended. */
export function meterEnd({ message, queue }: SendRow, { status }: End, meter: Meter): void {
  const awaitsReport = status === "SENT" && asksReport(message);
  if (message.kind === "sms" && !awaitsReport) meter.ended(queueParts(queue).channel, status);
}
