import { commandStatusOf } from "../model/error.ts";
import type { MessageAnswer, ReportAnswer } from "../model/event.ts";
import type { Session, ShortMessageRequest } from "../smpp/session.ts";
import type { ChannelHost } from "./channel.ts";
import { emitInTurn } from "./in-turn.ts";
import { messageEvent, reportEvent } from "./incoming.ts";
import { type Recipient, addressedTo } from "./recipient.ts";
import { createReportReader } from "./report-reader.ts";
import type { SmppClientSettings } from "./smpp-client-settings.ts";
import { tlvsOf } from "./tlv-settings.ts";

/**
 * What a provider brings over a session of ours: a report of something that we sent, or a message.
 * Each is answered when it is decided and committed; what failed on our side is to come again.
 */
export function createFromProvider(
  settings: SmppClientSettings,
  host: ChannelHost,
  /** Of all that is brought; with `dialogs` their triggers know what is for him. */
  recipient: Recipient | undefined,
): (request: ShortMessageRequest, session: Session) => void {
  const { log } = host;
  const reportOf = createReportReader(settings.reports, host, tlvsOf(settings));

  return (request, session) => {
    const isOpen = (): boolean => session.state !== "closed";
    const arrival = { host, settings, request, session, isOpen };
    const report = reportOf(request.sms);
    if (report !== undefined) {
      const event = reportEvent(arrival, report);
      answerWith(request, session, { report: event.id }, host.emit("report", event));
      return;
    }
    const came = messageEvent({ ...arrival, account: undefined });
    const event = recipient === undefined || settings.dialogs ? came : addressedTo(recipient, came);
    answerWith(request, session, { message: event.message.id }, emitInTurn(host, event));
  };

  function answerWith(
    request: ShortMessageRequest,
    session: Session,
    facts: Readonly<Record<string, string>>,
    decision: Promise<MessageAnswer | ReportAnswer>,
  ): void {
    decision.then(
      (answer) =>
        session.answer(request, answer.kind === "refused" ? commandStatusOf(answer.code) : 0),
      (cause: unknown) => {
        // Nothing was applied, so the provider is to bring it again.
        log.error({ session: session.id, ...facts, err: cause }, "failed on our side");
        session.answer(request, commandStatusOf("try_later"));
      },
    );
  }
}
