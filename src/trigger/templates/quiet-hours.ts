import { declared, page, quoted } from "./layout.ts";
import { ASKS, conditionsOf, type Given, type Template } from "./template.ts";
import { type Case, testFile } from "./test-file.ts";

export const quietHours: Template = {
  name: "quiet-hours",
  summary: "refuse messages at night",
  description: "Refuses messages at night, so that nobody is woken.",
  order: 5,
  asks: [
    ASKS.fromCustomers,
    {
      name: "zone",
      what: "in which time zone",
      kind: { is: "zone" },
      preset: "UTC",
      example: "Europe/Amsterdam",
    },
    {
      name: "start",
      what: "from when on is it quiet",
      kind: { is: "time" },
      preset: "22:00",
      example: "22:00",
    },
    {
      name: "end",
      what: "until when",
      kind: { is: "time" },
      preset: "08:00",
      example: "08:00",
    },
    {
      name: "answer",
      what: "what is the sender told: to try again later, or no for good",
      kind: { is: "choice", of: ["try_later", "refused_by_rule"] },
      preset: "try_later",
      example: "try_later",
    },
  ],
  fault: (given) =>
    given.one("start") === given.one("end") ? "--start and --end are the same time" : undefined,
  write(given) {
    const { zone, start, end } = hours(given);
    const within = start < end ? "&&" : "||";
    return {
      script: page(
        ['import { onMessage } from "signalbox";'],
        [
          `const start = ${quoted(start)};`,
          `const end = ${quoted(end)};`,
          'const clock = new Intl.DateTimeFormat("en-GB", {',
          `  timeZone: ${quoted(zone)},`,
          '  hour: "2-digit",',
          '  minute: "2-digit",',
          "});",
        ],
        declared({
          doc: given.description,
          name: given.name,
          on: "onMessage",
          conditions: conditionsOf(given, given.list("from")),
          handler: "(message, { now })",
          body: [
            "const time = clock.format(now());",
            `const isQuiet = time >= start ${within} time < end;`,
            `if (isQuiet) message.reject(${quoted(given.one("answer"))}, \`it is \${time} there\`);`,
          ],
        }),
      ),
      test: testFile(cases(given)),
    };
  },
};

function hours(given: Given): {
  readonly zone: string;
  readonly start: string;
  readonly end: string;
} {
  return { zone: given.one("zone"), start: given.one("start"), end: given.one("end") };
}

function cases(given: Given): Case[] {
  const channel = quoted(given.list("from")[0] ?? "");
  const { zone, start, end } = hours(given);
  return [
    {
      sentence: `at ${start} it is quiet, at ${end} it is not`,
      uses: ["message", "clock"],
      lines: [
        `clock.set(${quoted(instantOf(start, zone))});`,
        `const atNight = await message({ channel: ${channel} });`,
        `assert.equal(atNight.code, "${given.one("answer")}");`,
        `clock.set(${quoted(instantOf(end, zone))});`,
        `const byDay = await message({ channel: ${channel} });`,
        'assert.notEqual(byDay.verdict, "reject");',
      ],
    },
  ];
}

/** When it is that time in that zone, on some day; as ISO 8601 in UTC. */
function instantOf(time: string, zone: string): string {
  const wished = Date.parse(`2026-01-15T${time}:00Z`);
  const shown = new Intl.DateTimeFormat("sv-SE", {
    timeZone: zone,
    dateStyle: "short",
    timeStyle: "medium",
  }).format(wished);
  const aheadMs = Date.parse(`${shown.replace(" ", "T")}Z`) - wished;
  return new Date(wished - aheadMs).toISOString().replace(".000Z", "Z");
}
