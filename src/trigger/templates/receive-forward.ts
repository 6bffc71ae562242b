import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const receiveForward: Template = {
  name: "receive-forward",
  summary: "hand a provider's message to the customer whose number it is for",
  description: "Hands a message from the provider to the customer whose number it is for.",
  asks: [
    ASKS.fromProvider,
    {
      name: "to",
      what: "on which channel is the customer bound",
      kind: { is: "channel", leads: "customers" },
      example: "SMPP_SERVER1",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const to = quoted(given.one("to"));
    const why = '"Could not find a matching address range"';
    const arriving = `{ channel: ${from}, origin: "provider", to: "+31699887766" }`;
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "async (message, { accounts })",
          body: [
            "const owner = await accounts.byNumber(message.to);",
            `if (owner === undefined) message.fail(${why});`,
            `else message.forward({ channel: ${to}, account: owner.id });`,
          ],
        }),
      ),
      test: testFile([
        {
          sentence: "the owner of the number gets the message",
          uses: ["message", "accounts"],
          lines: [
            'accounts.add({ id: "Test1", numbers: ["+31699887766"] });',
            `const outcome = await message(${arriving});`,
            `assert.deepEqual(outcome.forwards, [{ channel: ${to}, account: "Test1" }]);`,
          ],
        },
        {
          sentence: "a message for a number of nobody ends here",
          uses: ["message"],
          lines: [
            `const outcome = await message(${arriving});`,
            `assert.equal(outcome.failed, ${why});`,
          ],
        },
      ]),
    };
  },
};
