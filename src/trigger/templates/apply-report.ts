import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

export const applyReport: Template = {
  name: "apply-report",
  summary: "give a message the status that its delivery report tells",
  description: "Gives the message the status that its report tells.",
  asks: [{ ...ASKS.fromProvider, what: "on which channels do reports come in" }],
  write(given) {
    const [from = ""] = given.list("from");
    return {
      script: page(
        ['import { onReport } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onReport",
          conditions: conditionsOf(given, given.list("from")),
          handler: "(report)",
          body: ["report.apply();"],
        }),
      ),
      test: testFile([
        {
          sentence: "a report gives its status to the message",
          uses: ["report"],
          lines: [
            `const outcome = await report({ channel: ${quoted(from)}, status: "DELIVERED" });`,
            "assert.equal(outcome.applied, true);",
          ],
        },
      ]),
    };
  },
};
