import { constant, declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const autoReply: Template = {
  name: "auto-reply",
  summary: "answer each message of a provider with a text",
  description:
    "Answers whoever writes to us, once an hour, so that two machines do not talk for ever.",
  asks: [
    ASKS.fromProvider,
    {
      name: "to",
      what: "on which channel does the answer go out",
      kind: { is: "channel", leads: "provider" },
      example: "SMPP1",
    },
    {
      name: "text",
      what: "what is the answer",
      kind: { is: "text" },
      preset: "Thank you for your message.",
      example: "Thank you for your message.",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const to = quoted(given.one("to"));
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        [...constant("answer", quoted(given.one("text"))), "const hourMs = 3_600_000;"],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "async (message, { kv, messages })",
          body: [
            "const times = await kv.increment(`answered:${message.from}`, 1, { ttlMs: hourMs });",
            "if (times > 1) return;",
            "messages.send({",
            `  channel: ${to},`,
            "  from: message.to,",
            "  to: message.from,",
            "  text: answer,",
            "});",
          ],
        }),
      ),
      test: testFile(
        [
          {
            sentence: "the first message is answered, the second is not",
            uses: ["message"],
            lines: [
              "const first = await message(arriving);",
              'assert.equal(first.sends[0]?.to, "+31612345678");',
              "const second = await message(arriving);",
              "assert.deepEqual(second.sends, []);",
            ],
          },
        ],
        arriving(from),
      ),
    };
  },
};

function arriving(channel: string): string[] {
  return [
    "const arriving = {",
    `  channel: ${channel},`,
    '  origin: "provider",',
    '  from: "+31612345678",',
    "} as const;",
  ];
}
