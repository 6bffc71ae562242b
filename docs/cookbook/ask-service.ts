import { onMessage } from "signalbox";

interface Answer {
  readonly text?: string;
}

/** Hands what people write to a web service, and sends them what it answers. */
export const ASK_SERVICE = onMessage(
  { channels: ["SMPP1"], to: "4711" },
  async (message, { http, messages, secrets }) => {
    const { id, from, to, text } = message;
    const answer = await http.fetch("https://bot.example.com/sms", {
      headers: { authorization: secrets.format`Bearer ${secrets.BOT_TOKEN}` },
      json: { id, from, text },
      timeoutMs: 1_000,
    });
    // The provider brings it again later.
    if (!answer.ok) return message.reject("try_later", `the service said ${answer.status}`);
    const reply = answer.json<Answer>().text;
    if (reply !== undefined) messages.send({ channel: "SMPP1", from: to, to: from, text: reply });
  },
);
