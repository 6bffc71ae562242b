import type { Address } from "../model/address.ts";
import { commandStatusOf } from "../model/error.ts";
import type { AlertEvent } from "../model/event.ts";
import { type Fields, numberField, textField } from "../smpp/rare.ts";
import type { OtherRequest, Session } from "../smpp/session.ts";
import { TAG, tlvOf } from "../smpp/tlv.ts";
import { version34 } from "../smpp/version.ts";
import type { ChannelHost } from "./channel.ts";

/**
 * What a provider tells besides messages: that a phone can be reached again (alert_notification). The
 * rest is refused; an outbind is none of a connection that we have opened ourselves.
 */
export function createAlerts(host: ChannelHost): (request: OtherRequest, session: Session) => void {
  const { log } = host;

  return (request, session) => {
    const { command, fields, tlvs } = request;
    if (command !== "alert_notification") {
      log.warn({ session: session.id, command }, "the provider asked for what is not offered");
      session.answerOther(request, commandStatusOf("unsupported_command"));
      return;
    }
    const availability = tlvOf(tlvs, TAG.ms_availability_status)?.[0];
    const phone = addressIn(fields, "source_addr");
    const sender = addressIn(fields, "esme_addr");
    const event: AlertEvent = {
      channel: host.name,
      session: session.id,
      phone,
      sender,
      availability,
    };
    log.info(
      { session: session.id, phone: phone.digits, sender: sender.digits, availability },
      "a phone can be reached again",
    );
    host.emit("alert", event).catch((cause: unknown) => {
      log.error({ session: session.id, err: cause }, "an alert failed on our side");
    });
  };
}

/** The first session that can be told: not every customer knows it, but all that know TLVs may. */
export function announceAlert(sessions: Iterable<Session>, event: AlertEvent): boolean {
  for (const session of sessions) {
    if (session.version < version34) continue;
    const { availability } = event;
    const tag = TAG.ms_availability_status;
    const tlvs = availability === undefined ? [] : [{ tag, octets: Buffer.of(availability) }];
    session.announce("alert_notification", { fields: alertFields(event), tlvs });
    return true;
  }
  return false;
}

/** Of an alert_notification (SMPP v3.4 §4.12.1). */
function alertFields({ phone, sender }: AlertEvent): Fields {
  return {
    source_addr_ton: phone.ton,
    source_addr_npi: phone.npi,
    source_addr: phone.digits,
    esme_addr_ton: sender.ton,
    esme_addr_npi: sender.npi,
    esme_addr: sender.digits,
  };
}

function addressIn(fields: Fields, name: "source_addr" | "esme_addr"): Address {
  return {
    ton: numberField(fields, `${name}_ton`),
    npi: numberField(fields, `${name}_npi`),
    digits: textField(fields, name),
  };
}
