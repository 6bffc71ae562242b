import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const assembleMultipart: Template = {
  name: "assemble-multipart",
  summary: "pass long texts on as a whole, which their sender cut into parts",
  description:
    "Passes a text on as a whole; the gateway has joined its parts before this runs, because the channel has join: true.",
  order: 20,
  asks: [ASKS.fromCustomers, { ...ASKS.toProvider, kind: { is: "channel", leads: "anywhere" } }],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const to = quoted(given.one("to"));
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "(message)",
          body: [
            "// A part that comes alone: the channel does not join, or the others are missing.",
            "if (message.part !== undefined) message.trace(`part ${message.part.number} came alone`);",
            `message.forward({ channel: ${to} });`,
          ],
        }),
      ),
      test: testFile([
        {
          sentence: "a text of three parts goes on as one",
          uses: ["message"],
          lines: [
            'const text = "a long text ".repeat(30);',
            `const outcome = await message({ channel: ${from}, text, parts: 3 });`,
            `assert.deepEqual(outcome.forwards, [{ channel: ${to} }]);`,
            "assert.deepEqual(outcome.trace, []);",
          ],
        },
      ]),
      needs: given
        .list("from")
        .map((channel) => `Set join: true for the channel ${channel}, so that parts are joined.`),
    };
  },
};
