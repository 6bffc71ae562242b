import { onMessage } from "signalbox";

const answers = {
  HOURS: "We are open from 9 to 17, Monday to Friday.",
  PRICE: "A ticket is 12 euro. Children up to 12 are free.",
  WHERE: "Stationsplein 1, Utrecht. Five minutes from the trains.",
} as const;

/** Answers a question by its first word; who asks something else is told what he can ask. */
export const KEYWORDS = onMessage({ channels: ["SMPP1"], to: "4711" }, (message, { messages }) => {
  const word = /\w+/.exec(message.text ?? "")?.[0].toUpperCase() ?? "";
  const known = Object.entries(answers).find(([keyword]) => keyword === word);
  const text = known?.[1] ?? `Send ${Object.keys(answers).join(", ")}.`;
  messages.send({ channel: "SMPP1", from: message.to, to: message.from, text });
});
