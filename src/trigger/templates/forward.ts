import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const forward: Template = {
  name: "forward",
  summary: "pass every message of a channel on to another one",
  description: "Passes every message on to the provider.",
  order: 20,
  asks: [ASKS.fromCustomers, ASKS.toProvider],
  write(given) {
    const [from = ""] = given.list("from");
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
          body: [`message.forward({ channel: ${to} });`],
        }),
      ),
      test: testFile([
        {
          sentence: "a message goes on as it came in",
          uses: ["message"],
          lines: [
            `const outcome = await message({ channel: ${quoted(from)}, text: "Hello" });`,
            `assert.deepEqual(outcome.forwards, [{ channel: ${to} }]);`,
          ],
        },
      ]),
    };
  },
};
