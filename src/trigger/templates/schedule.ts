import { constant, declared, page, quoted } from "./layout.ts";
import type { Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const schedule: Template = {
  name: "schedule",
  summary: "send a text at times of the clock",
  description: "Sends a text at these times of the clock.",
  asks: [
    {
      name: "cron",
      what: "when, as minute hour day month weekday",
      kind: { is: "cron" },
      preset: "0 9 * * 1-5",
      example: "0 9 * * 1-5",
    },
    {
      name: "zone",
      what: "in which time zone",
      kind: { is: "zone" },
      preset: "UTC",
      example: "Europe/Amsterdam",
    },
    {
      name: "to",
      what: "on which channel does the text go out",
      kind: { is: "channel", leads: "provider" },
      example: "SMPP1",
    },
    {
      name: "number",
      what: "to which number",
      kind: { is: "address" },
      example: "+31612345678",
    },
    {
      name: "sender",
      what: "from whom",
      kind: { is: "address" },
      preset: "Signalbox",
      example: "Signalbox",
    },
    {
      name: "text",
      what: "which text",
      kind: { is: "text" },
      preset: "The gateway is up and sends.",
      example: "The gateway is up and sends.",
    },
  ],
  write(given) {
    const to = quoted(given.one("to"));
    return {
      script: page(
        ['import { onSchedule } from "signalbox";'],
        constant("text", quoted(given.one("text"))),
        declared({
          doc: given.description,
          name: given.name,
          on: "onSchedule",
          conditions: [
            ["cron", quoted(given.one("cron"))],
            ["zone", quoted(given.one("zone"))],
            ...(given.order === undefined ? [] : [["order", `${given.order}`] as const]),
          ],
          handler: "(schedule, { messages })",
          body: [
            "// The gateway was down at its time: late is better than never for some, but not for this.",
            "if (schedule.late) return;",
            "messages.send({",
            `  channel: ${to},`,
            `  from: ${quoted(given.one("sender"))},`,
            `  to: ${quoted(given.one("number"))},`,
            "  text,",
            "});",
          ],
        }),
      ),
      test: testFile([
        {
          sentence: "at its time the text is sent",
          uses: ["schedule"],
          lines: [
            "const outcome = await schedule();",
            `assert.equal(outcome.sends[0]?.channel, ${to});`,
            `assert.equal(outcome.sends[0]?.to, ${quoted(given.one("number"))});`,
          ],
        },
      ]),
    };
  },
};
