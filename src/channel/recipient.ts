import { type Address, addressOf, canonical } from "../model/address.ts";
import type { MessageEvent } from "../model/event.ts";

/** To whom all goes that a provider brings, whatever number it was for. */
export interface Recipient {
  /** As it is shown and found. */
  readonly to: string;
  readonly address: Address;
}

/** Of the setting `recipient`; undefined when it is left out or empty. */
export function recipientOf(text: string | undefined): Recipient | undefined {
  if (text === undefined || text === "") return undefined;
  const address = addressOf(text);
  return { to: canonical(address, "asReceived"), address };
}

/** The same message for the recipient; the trace tells for whom the provider had it. */
export function addressedTo({ to, address }: Recipient, event: MessageEvent): MessageEvent {
  const { message } = event;
  const { sms } = message;
  const facts = { to, was: message.to };
  const line = { at: message.log[0]?.at ?? 0, what: "readdressed", facts };
  return {
    ...event,
    message: {
      ...message,
      to,
      sms: sms === undefined ? undefined : { ...sms, to: address },
      log: [...message.log, line],
    },
  };
}
