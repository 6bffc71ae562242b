import { constantList, declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

const words = { is: "word" } as const;

export const stopList: Template = {
  name: "stop-list",
  summary: "keep who has written STOP, and send him nothing until he writes START",
  description: "Puts who writes STOP on the list, and takes who writes START off it.",
  asks: [
    { ...ASKS.fromProvider, what: "on which channels do people write STOP" },
    {
      name: "guard",
      what: "on which channels are messages to them refused",
      kind: { is: "channel", leads: "customers" },
      many: true,
      example: "SMPP_SERVER1",
    },
    {
      name: "stop",
      what: "which words mean stop",
      kind: words,
      many: true,
      preset: ["STOP", "END", "QUIT", "UNSUBSCRIBE"],
      example: "STOP",
    },
    {
      name: "start",
      what: "which words mean start",
      kind: words,
      many: true,
      preset: ["START"],
      example: "START",
    },
  ],
  write(given) {
    const from = quoted(given.list("from")[0] ?? "");
    const guard = quoted(given.list("guard")[0] ?? "");
    const stops = given.list("stop").map((word) => word.toUpperCase());
    const starts = given.list("start").map((word) => word.toUpperCase());
    const guarded = { ...given, order: 5 };
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        [...constantList("stops", stops), ...constantList("starts", starts)],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "async (message, { kv })",
          body: [
            'const word = (message.text ?? "").trim().toUpperCase();',
            "// One who stops means the number that he writes to, not all the others.",
            "const key = `${message.from} ${message.to}`;",
            "if (stops.includes(word)) await kv.set(key, true);",
            "else if (starts.includes(word)) await kv.delete(key);",
          ],
        }),
        declared({
          doc: "Refuses what goes to who is on the list.",
          name: `${given.name}_GUARD`,
          on: "onMessage",
          conditions: conditionsOf(guarded, given.list("guard")),
          handler: "async (message, { kv })",
          body: [
            "const stopped = await kv.get(`${message.to} ${message.from}`);",
            'if (stopped === true) message.reject("refused_by_rule", "the recipient has said stop");',
          ],
        }),
      ),
      test: testFile(
        [
          {
            sentence: "after a stop nothing is sent to him, after a start it is again",
            uses: ["message"],
            lines: [
              `await message({ ...written, text: ${quoted((stops[0] ?? "STOP").toLowerCase())} });`,
              "const refused = await message(sent);",
              'assert.equal(refused.code, "refused_by_rule");',
              `await message({ ...written, text: ${quoted(starts[0] ?? "START")} });`,
              "const later = await message(sent);",
              'assert.notEqual(later.verdict, "reject");',
            ],
          },
          {
            sentence: "another sender may still write to him",
            uses: ["message"],
            lines: [
              `await message({ ...written, text: ${quoted(stops[0] ?? "STOP")} });`,
              'const outcome = await message({ ...sent, from: "4712" });',
              'assert.notEqual(outcome.verdict, "reject");',
            ],
          },
        ],
        [
          'const phone = "+31612345678";',
          `const written = { channel: ${from}, origin: "provider", from: phone, to: "4711" } as const;`,
          `const sent = { channel: ${guard}, from: "4711", to: phone };`,
        ],
      ),
    };
  },
};
