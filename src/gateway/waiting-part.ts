import type { MessageEvent } from "../model/event.ts";
import { idTimeMs } from "../model/id.ts";
import type { Message, Sms } from "../model/message.ts";
import type { PartOfText } from "../model/part-of-text.ts";
import type { HeldPart } from "../sms/joiner.ts";

/** A part as it waits: a message of its own, already answered. */
export interface WaitingPart extends HeldPart {
  readonly message: Message & { readonly sms: Sms };
  readonly session: string | undefined;
  readonly expiresMs: number;
  readonly origin: MessageEvent["origin"];
  /**
   * The id that its sender knows it by: its own, or that of the part which it repeats, as it turns out
   * when it is put to the others.
   */
  known: string;
  /** It could not be stored, and its sender was told so. */
  isLost: boolean;
}

/** `of`: the part that it repeats, when that is known already. */
export function waitingPart(
  event: Pick<MessageEvent, "origin" | "expiresMs" | "session">,
  message: Message & { readonly sms: Sms },
  part: PartOfText,
  of: string | undefined,
): WaitingPart {
  const { id, from, to, account, sms } = message;
  const { by: kind, reference, number: sequence, total } = part;
  const { origin, expiresMs, session } = event;
  return {
    id,
    // What a provider brings belongs together also when it comes by several of his channels.
    group: account === undefined ? "" : `${message.channel} ${account}`,
    from,
    to,
    concatenation: { kind, reference, total, sequence },
    atMs: idTimeMs(id),
    octets: sms.octets,
    hasUdh: (sms.esmClass & 0x40) !== 0,
    dataCoding: sms.dataCoding,
    message,
    session,
    expiresMs,
    origin,
    known: of ?? id,
    isLost: false,
  };
}
