import { constantTable, declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const keywordReply: Template = {
  name: "keyword-reply",
  summary: "answer by the first word of a message",
  description:
    "Answers by the first word of a message; what begins with none of them is left alone.",
  asks: [
    ASKS.fromProvider,
    {
      name: "to",
      what: "on which channel does the answer go out",
      kind: { is: "channel", leads: "provider" },
      example: "SMPP1",
    },
    {
      name: "reply",
      what: "which word is answered how, as WORD=text",
      kind: { is: "pair", key: "word" },
      many: true,
      example: "INFO=Open from 9 to 17",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const to = quoted(given.one("to"));
    const replies = given.pairs("reply").map(([word, text]) => [word.toUpperCase(), text] as const);
    const [word] = replies[0] ?? ["INFO"];
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        constantTable("answers", "Readonly<Record<string, string>>", replies),
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "(message, { messages })",
          body: [
            'const [word = ""] = (message.text ?? "").trim().toUpperCase().split(/\\s+/);',
            "if (!Object.hasOwn(answers, word)) return;",
            'const text = answers[word] ?? "";',
            "messages.send({",
            `  channel: ${to},`,
            "  from: message.to,",
            "  to: message.from,",
            "  text,",
            "});",
          ],
        }),
      ),
      test: testFile(
        [
          {
            sentence: "its word is answered, in small letters too",
            uses: ["message"],
            lines: [
              `const text = ${quoted(`${word.toLowerCase()} please`)};`,
              "const outcome = await message({ ...arriving, text });",
              "assert.equal(outcome.sends.length, 1);",
            ],
          },
          {
            sentence: "another word is not",
            uses: ["message"],
            lines: [
              'const text = "~ none of them";',
              "const outcome = await message({ ...arriving, text });",
              "assert.deepEqual(outcome.sends, []);",
            ],
          },
        ],
        [`const arriving = { channel: ${from}, origin: "provider" } as const;`],
      ),
    };
  },
};
