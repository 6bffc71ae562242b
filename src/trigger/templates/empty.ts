import { declared, page, quoted } from "./layout.ts";
import type { Given, Template } from "./template.ts";
import { testFile } from "./test-file.ts";

interface Event {
  readonly on: string;
  /** What the handler is given, and what a line of it may say. */
  readonly handler: string;
  readonly line: (name: string) => string;
  /** Where the line is found again. */
  readonly told: "trace" | "log";
}

const traced = (what: string): Pick<Event, "handler" | "line" | "told"> => ({
  handler: `(${what})`,
  line: (name) => `${what}.trace(${quoted(`${name} was here`)});`,
  told: "trace",
});

const logged = (what: string, field: string): Pick<Event, "handler" | "line" | "told"> => ({
  handler: `(${what}, { log })`,
  line: () => `log(${what}.${field});`,
  told: "log",
});

/** Every kind of event. */
const EVENTS: Readonly<Record<string, Event>> = {
  bind: { on: "onBind", ...traced("bind") },
  message: { on: "onMessage", ...traced("message") },
  report: { on: "onReport", ...traced("report") },
  status: { on: "onStatus", ...traced("message") },
  channel: { on: "onChannel", ...logged("channel", "name") },
  session: { on: "onSession", ...logged("session", "account") },
  account: { on: "onAccount", ...logged("account", "account") },
  schedule: { on: "onSchedule", ...logged("schedule", "name") },
};

export const empty: Template = {
  name: "empty",
  summary: "begin with nothing but the event",
  description: "Tells that it was here.",
  asks: [
    {
      name: "event",
      what: "for which event",
      kind: { is: "choice", of: Object.keys(EVENTS) },
      preset: "message",
      example: "message",
    },
    {
      name: "from",
      what: "of which channels; all of them when left out",
      kind: { is: "channel", leads: "anywhere" },
      many: true,
      preset: [],
      example: "SMPP1",
      when: (given) => !["account", "schedule"].includes(given.one("event")),
    },
    {
      name: "cron",
      what: "when, as minute hour day month weekday",
      kind: { is: "cron" },
      preset: "0 9 * * 1-5",
      example: "0 9 * * 1-5",
      when: (given) => given.one("event") === "schedule",
    },
  ],
  write(given) {
    const kind = given.one("event");
    const event = EVENTS[kind];
    if (event === undefined) throw new Error(`no event ${kind}`);
    const [from] = given.list("from");
    const { on, handler, line, told } = event;
    return {
      script: page(
        [`import { ${on} } from "signalbox";`],
        declared({
          doc: given.description,
          name: given.name,
          on,
          conditions: conditions(given),
          handler,
          body: [line(given.name)],
        }),
      ),
      test: testFile([
        {
          sentence: "it runs",
          uses: [kind],
          lines: [
            `const outcome = await ${kind}(${from === undefined ? "" : `{ ${kind === "channel" ? "name" : "channel"}: ${quoted(from)} }`});`,
            `assert.equal(outcome.${told}.length, 1);`,
          ],
        },
      ]),
    };
  },
};

function conditions(given: Given) {
  const cron = given.one("cron");
  const from = given.list("from");
  return [
    ...(cron === "" ? [] : [["cron", quoted(cron)] as const]),
    ...(from.length === 0 ? [] : [["channels", from] as const]),
    ...(given.order === undefined ? [] : [["order", `${given.order}`] as const]),
  ];
}
