import { declared, page, quoted } from "./layout.ts";
import { ASKS, type Template } from "./template.ts";
import { testFile } from "./test-file.ts";

/** FinalStatus of the SDK. */
const STATUSES = ["DELIVERED", "NOTDELIVERED", "NOREPORT", "FAILED", "EXPIRED", "CANCELLED"];

export const forwardReport: Template = {
  name: "forward-report",
  summary: "tell the customer what became of his message",
  description: "Tells the customer what became of his message.",
  asks: [
    { ...ASKS.fromProvider, what: "on which channels do messages go out" },
    {
      name: "status",
      what: "of which outcomes is he told",
      kind: { is: "choice", of: STATUSES },
      many: true,
      preset: STATUSES,
      example: "DELIVERED",
    },
  ],
  write(given) {
    const [from = ""] = given.list("from");
    const status = given.list("status");
    const isAll = STATUSES.every((one) => status.includes(one));
    const order = given.order === undefined ? [] : [["order", `${given.order}`] as const];
    return {
      script: page(
        ['import { onStatus } from "signalbox";'],
        declared({
          doc: given.description,
          name: given.name,
          on: "onStatus",
          conditions: [
            ["channels", given.list("from")],
            ...(isAll ? [] : [["status", status] as const]),
            ...order,
          ],
          handler: "(message)",
          body: ["message.root?.report();"],
        }),
      ),
      test: testFile([
        {
          sentence: "the customer is told, in the words of the network",
          uses: ["status"],
          lines: [
            `const outcome = await status({ channel: ${quoted(from)}, status: ${quoted(status[0] ?? "")} });`,
            "assert.deepEqual(outcome.reports, [{}]);",
          ],
        },
      ]),
    };
  },
};
