import { onStatus } from "signalbox";

/** Sends a message by another provider when the first could not send it or let it expire. */
export const FAILOVER = onStatus(
  { channels: ["SMPP1"], status: ["FAILED", "EXPIRED"] },
  async (message, { messages }) => {
    const [first] = await messages.find({ id: message.id });
    if (first?.text === undefined) return message.trace("not sent again: its text is not known");
    const { from, to } = message;
    messages.send({ channel: "SMPP2", from, to, text: first.text });
  },
);
