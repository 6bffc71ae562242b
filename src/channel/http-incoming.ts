import { canonical } from "../model/address.ts";
import type { MessageEvent, ReportEvent } from "../model/event.ts";
import type { Sms } from "../model/message.ts";
import { BINARY, encode, GSM7 } from "../sms/data-coding.ts";
import type { ChannelHost } from "./channel.ts";
import type { HttpClientSettings } from "./http-client-settings.ts";
import type { Told } from "./http-provider/told.ts";
import { contentOf } from "./incoming.ts";
import { addressedTo, recipientOf } from "./recipient.ts";
import type { CodeTable } from "./report-codes/table.ts";
import { inOurCodes } from "./report-codes/translate.ts";

interface Arrival {
  readonly host: ChannelHost;
  readonly settings: Pick<HttpClientSettings, "numbers" | "validityMs" | "recipient">;
  /** Of the provider, for the trace. */
  readonly remote: string;
  readonly isOpen: () => boolean;
}

/** What a provider reported by a callback, as the event that the gateway is told. */
export function reportFrom(
  told: Extract<Told, { kind: "report" }>,
  { host, isOpen }: Pick<Arrival, "host" | "isOpen">,
  codes: CodeTable,
): ReportEvent {
  const { report, from, to } = told;
  return {
    id: host.newId(),
    channel: host.name,
    session: undefined,
    atMs: host.clock.nowMs(),
    report: inOurCodes(report, codes, report.status === "SENT"),
    from,
    to,
    isOpen,
  };
}

/** A message that a provider brought by a callback, as the event that the gateway is told. */
export function messageFrom(
  told: Extract<Told, { kind: "message" }>,
  { host, settings, remote, isOpen }: Arrival,
): MessageEvent {
  const id = host.newId();
  const at = host.clock.nowMs();
  const sms = smsOf(told);
  const { numbers, recipient } = settings;
  const event: MessageEvent = {
    message: {
      id,
      root: id,
      parent: undefined,
      kind: "sms",
      direction: "in",
      channel: host.name,
      account: undefined,
      from: canonical(sms.from, numbers),
      to: canonical(sms.to, numbers),
      sms,
      report: undefined,
      sameAsParent: false,
      hops: 0,
      log: [{ at, what: "received", facts: { by: "callback", remote, providerId: told.id } }],
    },
    ...contentOf(sms, undefined),
    session: undefined,
    expiresMs: at + settings.validityMs,
    origin: "provider",
    isOpen,
  };
  const all = recipientOf(recipient);
  return all === undefined ? event : addressedTo(all, event);
}

/** Text stays text, so that whoever gets it is sent it in his own coding; a part of one is octets. */
function smsOf({
  from,
  to,
  text,
  octets,
  udh,
  dataCoding,
}: Extract<Told, { kind: "message" }>): Sms {
  const bare = {
    from,
    to,
    serviceType: "",
    esmClass: udh.length > 0 ? 0x40 : 0,
    protocolId: 0,
    priority: 0,
    scheduleTime: "",
    validityPeriod: "",
    registeredDelivery: 0,
    replaceIfPresent: 0,
    tlvs: [],
  };
  if (text !== undefined && udh.length === 0)
    return { ...bare, dataCoding: GSM7, octets: Buffer.alloc(0), text };
  const written = text === undefined ? { octets, dataCoding: dataCoding ?? BINARY } : encode(text);
  return {
    ...bare,
    dataCoding: written.dataCoding,
    octets: Buffer.concat([udh, written.octets]),
    text: undefined,
  };
}
