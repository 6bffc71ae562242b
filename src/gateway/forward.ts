import type { Channel } from "../channel/channel.ts";
import { addressOf } from "../model/address.ts";
import type { ErrorCode } from "../model/error.ts";
import type { MessageEvent } from "../model/event.ts";
import type { Message, Sms } from "../model/message.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import type { Forward } from "../store/writer.ts";
import type { ForwardToOne } from "./many.ts";
import { tlvsFor } from "./tlvs.ts";

/** What goes out because of one action, or what is wrong with it. */
export function forwardOf(
  event: MessageEvent,
  action: ForwardToOne,
  place: Pick<Forward, "queue" | "dueMs" | "expiresMs"> & {
    readonly ways?: Forward["ways"] | undefined;
    readonly log?: Message["log"];
  },
  {
    newId,
    tlvsOn,
  }: {
    readonly newId: () => string;
    /** What a channel has agreed with its peer; nothing when left out. */
    readonly tlvsOn?: (channel: string) => ChannelTlvs | undefined;
  },
): Forward | { readonly fault: ErrorCode; readonly text: string } {
  const { message } = event;
  const { queue, dueMs, expiresMs, ways, log = [] } = place;
  const came = message.sms?.tlvs ?? [];
  const hasTlvs = came.length > 0 || action.tlvs !== undefined;
  const tlvs = hasTlvs ? tlvsFor(came, action.tlvs, tlvsOn?.(action.channel)) : came;
  if ("fault" in tlvs)
    return { fault: "trigger_failed", text: `forward to ${action.channel}: ${tlvs.fault}` };
  const changed =
    action.text !== undefined ||
    action.dataCoding !== undefined ||
    action.from !== undefined ||
    action.to !== undefined ||
    action.receiver !== undefined ||
    action.report === true ||
    tlvs !== came;
  const sms =
    message.sms === undefined || !changed ? message.sms : changedSms(message.sms, action, tlvs);
  return {
    message: {
      id: newId(),
      root: message.root,
      parent: message.id,
      kind: message.kind,
      direction: "out",
      channel: action.channel,
      account: action.account ?? message.account,
      from: action.from ?? message.from,
      to: action.to ?? action.receiver?.to ?? message.to,
      sms,
      report: undefined,
      ...(action.receiver === undefined ? {} : { destinations: [action.receiver.address] }),
      ...(message.joined === undefined ? {} : { joined: message.joined }),
      ...(message.client === undefined ? {} : { client: message.client }),
      sameAsParent: !changed,
      hops: message.hops,
      log,
    },
    queue,
    dueMs,
    expiresMs,
    priority: sms?.priority ?? 0,
    ...(ways === undefined ? {} : { ways }),
  };
}

/** Who waits for the outcome has to be told of it, so it is asked for. */
export function withReport(
  { message }: MessageEvent,
  action: ForwardToOne,
  channel: Channel | undefined,
): ForwardToOne {
  const isAsked = ((message.sms?.registeredDelivery ?? 0) & outcomeBits) !== 0;
  return isAsked || channel?.taken !== "SENT" ? action : { ...action, report: true };
}

/** registered_delivery, bits 0-1 (SMPP v3.4 §5.2.17): which outcomes are told; 1 is each of them. */
const outcomeBits = 0x03;
const reportAlways = 0x01;

function changedSms(sms: Sms, action: ForwardToOne, tlvs: Sms["tlvs"]): Sms {
  return {
    ...sms,
    tlvs,
    ...(action.from === undefined ? {} : { from: addressOf(action.from) }),
    ...(action.receiver === undefined ? {} : { to: action.receiver.address }),
    ...(action.to === undefined ? {} : { to: addressOf(action.to) }),
    ...(action.report === true
      ? { registeredDelivery: (sms.registeredDelivery & ~outcomeBits) | reportAlways }
      : {}),
    ...(action.text === undefined ? {} : { text: action.text, octets: Buffer.alloc(0) }),
    ...(action.dataCoding === undefined ? {} : codedAs(action.dataCoding, action.text ?? sms.text)),
  };
}

/** A text has to be written in that coding; of octets only the number that is told is another. */
function codedAs(
  dataCoding: number,
  text: string | undefined,
): Pick<Sms, "dataCoding" | "codingAsked"> {
  return text === undefined ? { dataCoding } : { dataCoding, codingAsked: true };
}
