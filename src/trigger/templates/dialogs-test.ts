import { constant, quoted } from "./layout.ts";
import { testFile } from "./test-file.ts";

/** The tests beside the triggers of the template `dialogs`. */
export function dialogsTest(given: {
  readonly provider: string;
  readonly customers: string;
  readonly refusal: string;
}): string {
  const uses = ["message", "channels"];
  return testFile(
    [
      {
        sentence: "the first message tells the sender, further ones and answers go by his letter",
        uses: [...uses, "answers"],
        lines: [
          "channels.set(provider, { dialogs: true });",
          "const first = await message(written);",
          'assert.equal(first.forwards[0]?.text, "@a=ann@shop.example Hi");',
          'answers("messages.find", [{ direction: "out", to: phone, status: "SENT" }]);',
          "const second = await message(written);",
          'assert.equal(second.forwards[0]?.text, "@a Hi");',
          'const answer = await message({ ...answered, text: "@a: Yes" });',
          'const expected = { channel: customers, account: "Test1", to: written.from, text: "Yes" };',
          "assert.deepEqual(answer.forwards, [expected]);",
        ],
      },
      {
        sentence: "a sender of whom the phone has not heard is told again",
        uses: [...uses, "answers"],
        lines: [
          "channels.set(provider, { dialogs: true });",
          "await message(written);",
          'answers("messages.find", [{ direction: "out", to: phone, status: "EXPIRED" }]);',
          "const second = await message(written);",
          'assert.equal(second.forwards[0]?.text, "@a=ann@shop.example Hi");',
        ],
      },
      {
        sentence: "an answer to nobody is refused, and a letter ends when it is not used",
        uses: [...uses, "clock"],
        lines: [
          "channels.set(provider, { dialogs: true, dialogMs: 1_000 });",
          "await message(written);",
          "clock.advance(1_000);",
          "const outcome = await message(answered);",
          `assert.equal(outcome.code, ${given.refusal});`,
        ],
      },
      {
        sentence: "without dialogs all is passed on as it is",
        uses: ["message", "accounts"],
        lines: [
          'accounts.add({ id: "Test1", numbers: [answered.to] });',
          "const out = await message(written);",
          "assert.deepEqual(out.forwards, [{ channel: provider }]);",
          "const back = await message(answered);",
          'assert.deepEqual(back.forwards, [{ channel: customers, account: "Test1" }]);',
        ],
      },
    ],
    [
      ...constant("provider", quoted(given.provider)),
      ...constant("customers", quoted(given.customers)),
      'const phone = "+31612345678";',
      "const written = {",
      "  channel: customers,",
      '  account: "Test1",',
      '  from: "ann@shop.example",',
      "  to: phone,",
      "  destinations: [phone],",
      '  text: "Hi",',
      "};",
      "const answered = {",
      "  channel: provider,",
      '  origin: "provider",',
      "  from: phone,",
      '  to: "+31699887766",',
      '  text: "Yes",',
      "} as const;",
    ],
  );
}
