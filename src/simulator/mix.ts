import type { Sms } from "../model/message.ts";
import { smsOf } from "./written.ts";

/** What the messages of a load are. Shares are percent, exact in each hundred messages. */
export interface Mix {
  readonly from: string;
  /** The first recipient; `+` and digits, or digits. */
  readonly to: string;
  /** The numbers from `to` on that take turns. */
  readonly recipients: number;
  /** Characters of a text that is not long. */
  readonly textCharacters: number;
  /** Ask for a report. */
  readonly receiptsPercent: number;
  /** Have `longCharacters`, and travel as message_payload. */
  readonly longPercent: number;
  /** Are UCS-2. */
  readonly unicodePercent: number;
}

/** Characters. Three parts in either alphabet, and more octets than short_message takes. */
const longCharacters = 400;

/** The message of this number, from 0; made anew each time, since a text tells its number. */
export function messageAt(mix: Mix, number: number): Sms {
  // Factors without a common divisor with 100 go through all remainders; different ones, so that the
  // long messages are not all the unicode ones.
  const isLong = (number * 37 + 11) % 100 < mix.longPercent;
  const isUnicode = (number * 59 + 43) % 100 < mix.unicodePercent;
  const asks = (number * 83 + 71) % 100 < mix.receiptsPercent;
  const characters = isLong ? longCharacters : mix.textCharacters;
  const filling = isUnicode ? "ж" : "x";
  return smsOf({
    from: mix.from,
    to: numberAfter(mix.to, number % mix.recipients),
    text: `${number} `.padEnd(characters, filling).slice(0, characters),
    registeredDelivery: asks ? 1 : 0,
  });
}

/** The phone number that is so much higher, in the same form. */
function numberAfter(first: string, more: number): string {
  if (more === 0) return first;
  const digits = first.replace(/^\+/, "");
  const sign = first.length > digits.length ? "+" : "";
  return sign + String(BigInt(digits) + BigInt(more)).padStart(digits.length, "0");
}
