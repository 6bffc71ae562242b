import { declared, page, quoted } from "./layout.ts";
import { ASKS, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

const RETRIED = ["FAILED", "EXPIRED", "NOTDELIVERED", "NOREPORT"];

export const failover: Template = {
  name: "failover",
  summary: "send a message again on another channel when it has failed on the first",
  description: "Sends a message again on another channel when it has failed on the first.",
  asks: [
    { ...ASKS.fromProvider, what: "on which channels may a message have failed" },
    { ...ASKS.toProvider, what: "on which channel is it sent again" },
    {
      name: "status",
      what: "after which outcomes",
      kind: { is: "choice", of: RETRIED },
      many: true,
      preset: ["FAILED", "EXPIRED"],
      example: "FAILED",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const to = quoted(given.one("to"));
    const status = quoted(given.list("status")[0] ?? "");
    return {
      script: page(
        ['import { onStatus } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onStatus",
          conditions: [
            ["channels", given.list("from")],
            ["status", given.list("status")],
            ...(given.order === undefined ? [] : [["order", `${given.order}`] as const]),
          ],
          handler: "async (message, { messages })",
          body: [
            "const [first] = await messages.find({ id: message.id });",
            'if (first?.text === undefined) return message.trace("not sent again: its text is not kept");',
            "const { from, to } = message;",
            `messages.send({ channel: ${to}, from, to, text: first.text });`,
          ],
        }),
      ),
      test: testFile([
        {
          sentence: "a message that failed is sent again",
          uses: ["status", "answers"],
          lines: [
            'answers("messages.find", [{ text: "Hello" }]);',
            `const outcome = await status({ channel: ${from}, status: ${status} });`,
            `assert.equal(outcome.sends[0]?.channel, ${to});`,
            'assert.equal(outcome.sends[0]?.text, "Hello");',
          ],
        },
        {
          sentence: "one whose text is not kept is not",
          uses: ["status", "answers"],
          lines: [
            'answers("messages.find", []);',
            `const outcome = await status({ channel: ${from}, status: ${status} });`,
            "assert.deepEqual(outcome.sends, []);",
          ],
        },
      ]),
    };
  },
};
