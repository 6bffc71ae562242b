import { constant, declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Given, type Template } from "./template.ts";
import { type Case, testFile } from "./test-file.ts";

export const webQuery: Template = {
  name: "web-query",
  summary: "ask a web service of yours whether a message may pass, and where to",
  description: "Asks a web service whether a message may pass; it answers { accept, channel }.",
  order: 20,
  asks: [
    ASKS.fromCustomers,
    {
      name: "url",
      what: "where is the web service",
      kind: { is: "url" },
      example: "https://api.example.com/sms",
    },
    { ...ASKS.toProvider, what: "to which channel does it go when the service names none" },
  ],
  write(given) {
    const url = given.one("url");
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        constant("service", quoted(url)),
        ["interface Answer {", "  readonly accept: boolean;", "  readonly channel?: string;", "}"],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "async (message, { http })",
          body: [
            "const { account, from, to, text } = message;",
            "const answer = await http.fetch(service, {",
            "  json: { account, from, to, text },",
            "});",
            "// Nothing is lost while the service is out of order: the sender tries again.",
            "if (answer.status !== 200)",
            '  return message.reject("try_later", `the service said ${answer.status}`);',
            "const { accept, channel } = answer.json<Answer>();",
            `if (accept) message.forward({ channel: channel ?? ${quoted(given.one("to"))} });`,
            'else message.reject("refused_by_rule", "the service refused it");',
          ],
        }),
      ),
      test: testFile(cases(given)),
      needs: [`Let http.hosts of signalbox.yaml name ${new URL(url).hostname}.`],
    };
  },
};

function cases(given: Given): Case[] {
  const from = quoted(given.list("from")[0] ?? "");
  const answered = (sentence: string, answer: string, then: readonly string[]) => ({
    sentence,
    uses: ["message", "http"],
    lines: [
      `http.answers({ ${answer} });`,
      `const outcome = await message({ channel: ${from}, text: "Hello" });`,
      ...then,
    ],
  });
  return [
    answered("what the service accepts goes on", "body: { accept: true }", [
      `assert.deepEqual(outcome.forwards, [{ channel: ${quoted(given.one("to"))} }]);`,
      'assert.match(http.requests[0]?.body, /"text":"Hello"/);',
    ]),
    answered("what it refuses is refused", "body: { accept: false }", [
      'assert.equal(outcome.code, "refused_by_rule");',
    ]),
    answered("while it is out of order the sender is told to try again", "status: 503", [
      'assert.equal(outcome.code, "try_later");',
    ]),
  ];
}
