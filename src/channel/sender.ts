import type { Address } from "../model/address.ts";
import type { Message } from "../model/message.ts";
import type { Unwritable } from "./writing.ts";

/** Characters of a source_addr (SMPP v3.4 §5.2.8: 21 octets with the NUL). */
const senderCharactersMax = 20;

/** Digits of a number that is a short code more likely than a national number. */
const shortCodeDigitsMax = 6;

/** The `sender` of a channel to a provider. */
export interface SenderSettings {
  /** `*` stands for the message's own sender, and so does an empty text; undefined: nothing is changed. */
  readonly sender?: string | undefined;
  /** TON of a sender that begins with a digit; undefined: by its length. */
  readonly senderLocalTon?: number | undefined;
}

/**
 * As whom a message goes to a provider: composed of the setting and the message's own sender. What
 * comes out with a `+` goes without it as an international number, what begins with a digit as a local
 * one, all else as letters. undefined where nothing is changed, which then costs nothing; else called
 * once for each try of a message.
 */
export function createSenderOf(
  settings: SenderSettings,
): ((message: Message) => Message | Unwritable) | undefined {
  const { sender, senderLocalTon } = settings;
  if (sender === undefined) return undefined;
  const template = sender === "" ? "*" : sender;
  const isFixed = !template.includes("*");
  const fixed = addressOfSender(template, senderLocalTon);

  return (message) => {
    const { sms } = message;
    if (sms === undefined) return message;
    const text = isFixed ? template : template.replaceAll("*", () => ownSender(message.from));
    if (text.length > senderCharactersMax)
      return {
        code: "bad_source",
        text: `the sender has ${text.length} characters, ${senderCharactersMax} at most`,
      };
    const from = isFixed ? fixed : addressOfSender(text, senderLocalTon);
    return { ...message, sms: { ...sms, from } };
  };
}

/** Of an address with a domain only what is known to phones: `+4917@telnum` and `ann@null`. */
function ownSender(from: string): string {
  return from.replace(/@(telnum|null)$/, "");
}

function addressOfSender(text: string, localTon: number | undefined): Address {
  if (text.startsWith("+")) return { ton: 1, npi: 1, digits: text.slice(1) };
  if (text === "") return { ton: 0, npi: 0, digits: text };
  if (!/^\d/.test(text)) return { ton: 5, npi: 0, digits: text };
  const byLength = text.length <= shortCodeDigitsMax ? 0 : 2;
  return { ton: localTon ?? byLength, npi: 1, digits: text };
}
