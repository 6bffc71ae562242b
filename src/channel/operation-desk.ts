import type { Address } from "../model/address.ts";
import { canonical } from "../model/address.ts";
import { GatewayError, commandStatusOf } from "../model/error.ts";
import type { OperationAnswer, OperationEvent, Replacement } from "../model/event.ts";
import { type Fields, numberField, textField } from "../smpp/rare.ts";
import { type MessageState, messageStateOf } from "../smpp/message-state.ts";
import { takePayload } from "../smpp/short-message.ts";
import { absoluteTime } from "../smpp/time.ts";
import type { OtherRequest, Session } from "../smpp/session.ts";
import type { Desk } from "./desk.ts";
import { timesOf } from "./times.ts";

/** What customers ask of messages that they have sent: query_sm, cancel_sm, replace_sm. */
export interface OperationDesk {
  take(request: OtherRequest, session: Session): void;
}

export function createOperationDesk(desk: Desk): OperationDesk {
  const { host, settings } = desk;
  const { clock, log } = host;

  return {
    take(request, session) {
      const account = desk.customerOf(session)?.account;
      if (account === undefined) return;
      let event: OperationEvent;
      try {
        event = eventOf(request, session, account);
      } catch (cause) {
        if (!(cause instanceof GatewayError)) throw cause;
        return session.answerOther(request, commandStatusOf(cause.code));
      }
      host.emit("operation", event).then(
        (answer) => answerWith(request, session, answer),
        (cause: unknown) => {
          log.error({ session: session.id, what: event.what, err: cause }, "operation failed");
          session.answerOther(request, commandStatusOf("internal"));
        },
      );
    },
  };

  function eventOf(request: OtherRequest, session: Session, account: string): OperationEvent {
    const { command, fields } = request;
    const startMs = clock.tickMs();
    const common = {
      id: host.newId(),
      channel: host.name,
      session: session.id,
      account,
      messageId: textField(fields, "message_id"),
      from: addressIn(fields, "source_addr"),
      to: undefined,
      serviceType: undefined,
      replacement: undefined,
      isOpen: () =>
        session.state !== "closed" && clock.tickMs() - startMs < settings.answerTimeoutMs,
    };
    switch (command) {
      case "query_sm":
        return { ...common, what: "query" };
      case "cancel_sm": {
        if (common.messageId !== "") return { ...common, what: "cancel" };
        const to = addressIn(fields, "destination_addr");
        if (common.from === undefined) throw new GatewayError("bad_source");
        if (to === undefined) throw new GatewayError("bad_destination");
        const serviceType = textField(fields, "service_type");
        return { ...common, what: "cancel", to, serviceType };
      }
      case "replace_sm":
        return { ...common, what: "replace", replacement: replacementIn(request) };
      case "broadcast_sm":
      case "query_broadcast_sm":
      case "cancel_broadcast_sm":
      case "submit_multi":
      case "outbind":
      case "alert_notification":
      default:
        throw new GatewayError("unsupported_command");
    }
  }

  function replacementIn({ fields, tlvs }: OtherRequest): Replacement {
    const { short_message: content } = fields;
    const scheduleTime = textField(fields, "schedule_delivery_time");
    const validityPeriod = textField(fields, "validity_period");
    const registeredDelivery = numberField(fields, "registered_delivery");
    if (registeredDelivery > 0x1f) throw new GatewayError("bad_registered_delivery");
    const nowMs = clock.nowMs();
    const { validityMs, scheduleAheadMs } = settings;
    // SMPP v5.0 §4.5.3.1: a longer text comes as message_payload.
    const octets = takePayload(tlvs) ?? (Buffer.isBuffer(content) ? content : Buffer.alloc(0));
    const said = { scheduleTime, validityPeriod, esmClass: 0 };
    const times = timesOf(said, { nowMs, validityMs, scheduleAheadMs });
    if ("code" in times) throw new GatewayError(times.code, times.text);
    return { octets, scheduleTime, validityPeriod, registeredDelivery, ...times };
  }

  function addressIn(fields: Fields, name: "source_addr" | "destination_addr"): string | undefined {
    const kind = name === "source_addr" ? "source_addr" : "dest_addr";
    const address: Address = {
      ton: numberField(fields, `${kind}_ton`),
      npi: numberField(fields, `${kind}_npi`),
      digits: textField(fields, name),
    };
    return address.digits === "" ? undefined : canonical(address, settings.numbers);
  }
}

function answerWith(request: OtherRequest, session: Session, answer: OperationAnswer): void {
  switch (answer.kind) {
    case "done":
      session.answerOther(request, 0);
      break;
    case "refused":
      session.answerOther(request, commandStatusOf(answer.code));
      break;
    case "found": {
      const { status, state, endedMs, error } = answer;
      const known: MessageState = messageStateOf(status, state, session.version);
      session.answerOther(request, 0, {
        message_id: textField(request.fields, "message_id"),
        final_date: endedMs === undefined ? "" : absoluteTime(endedMs),
        message_state: known,
        error_code: octetOf(error),
      });
      break;
    }
  }
}

/** error_code is one octet (SMPP v3.4 §4.8.2); 255 stands for what does not fit. */
function octetOf(error: string): number {
  return /^\d{1,3}$/.test(error) ? Math.min(Number(error), 0xff) : 0xff;
}
