import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type Command, Option } from "commander";
import { z } from "../src/config/schema.ts";
import { wholeNumber } from "./argument.ts";
import { change } from "./config.ts";
import { WrongArguments } from "./failure.ts";
import { ask } from "./gateway.ts";
import { answer, table } from "./print.ts";
import { addRoutePlan } from "./route-plan.ts";
import { addRouteTable } from "./route-table.ts";
import type { GlobalOptions } from "./settings.ts";

interface Asked {
  readonly account?: string;
  readonly from?: string;
  readonly text?: string;
  readonly origin?: string;
  readonly channel?: string;
}

/** `signalbox route …` */
export function addRoute(program: Command): void {
  const route = program.command("route").description("where messages go that name no channel");
  route
    .command("list")
    .description("show the rules in force, in the order in which they are tried")
    .action(async (_own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const call = { method: "GET", path: "/v1/routes", shape: tableShape } as const;
      answer(
        options,
        await ask(options, call),
        tableText,
        "Try one: signalbox route explain <number>",
      );
    });

  route
    .command("explain")
    .description("tell where a message to this number would go, and why")
    .argument("<number>", "the destination: +31612345678, 4711, or number@name")
    .option("--account <account>", "whose message it is")
    .option("--from <sender>", "its sender")
    .option("--text <text>", "its text")
    .option("--channel <channel>", "that it came in on")
    .addOption(
      new Option("--origin <origin>", "who sent it").choices(["customer", "provider", "own"]),
    )
    .action(async (to: string, own: Asked, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const { account, from, text, channel, origin } = own;
      const body = { to, account, from, text, channel, origin };
      const call = { method: "POST", path: "/v1/routes/explain", body } as const;
      const found = await ask(options, { ...call, shape: resolvedShape });
      answer(options, found, (one) => explainText(to, one), "All rules: signalbox route list");
    });

  route
    .command("apply")
    .description("bring the routes of this file into force: `routes:` of the configuration file")
    .argument("<file>", "a file with `routes:` and nothing else")
    .action(async (file: string, _own, command: Command) => {
      const body = { name: basename(file), text: textOf(file) };
      await change({ method: "PUT", path: "/v1/routes", body }, command);
    });

  route
    .command("rollback")
    .description("make the routes what they were, and leave all other settings as they are")
    .argument(
      "[version]",
      "of `config history`; the last one with other routes when left out",
      wholeNumber(1, 999_999_999),
    )
    .action(async (version: number | undefined, _own, command: Command) => {
      const body = version === undefined ? {} : { version };
      await change({ method: "POST", path: "/v1/routes/rollback", body }, command);
    });

  addRouteTable(route);
  addRoutePlan(route);
}

const tableShape = z.object({
  rules: z.array(
    z.object({
      place: z.string(),
      name: z.string().optional(),
      match: z.record(z.string(), z.string()),
      targets: z.array(z.string()),
      to: z.string().optional(),
      from: z.string().optional(),
      refuse: z.union([z.string(), z.number()]).optional(),
    }),
  ),
  default: z.string().optional(),
});

const resolvedShape = z.object({
  candidates: z.array(
    z.object({
      channel: z.string(),
      account: z.string().optional(),
      to: z.string().optional(),
      from: z.string().optional(),
      price: z.string().optional(),
      quality: z.number().optional(),
      table: z.string().optional(),
      rule: z.string(),
      why: z.string(),
    }),
  ),
  steps: z.array(
    z.object({ rule: z.string(), target: z.string(), taken: z.boolean(), why: z.string() }),
  ),
  refused: z.object({ code: z.union([z.string(), z.number()]), reason: z.string() }).optional(),
});

type ResolvedAnswer = z.infer<typeof resolvedShape>;

function tableText({ rules, default: standard }: z.infer<typeof tableShape>): string {
  if (rules.length === 0 && standard === undefined)
    return "There are no routes: messages go where triggers say.";
  const rows = rules.map((rule) => [rule.place, rule.name ?? "", matchText(rule), aimText(rule)]);
  if (standard !== undefined) rows.push(["default", "", "", standard]);
  return table(["rule", "name", "when", "goes to"], rows);
}

type Rule = z.infer<typeof tableShape>["rules"][number];

function matchText({ match }: Rule): string {
  const all = Object.entries(match).map(([name, pattern]) => `${name} ~ ${pattern}`);
  return all.length === 0 ? "always" : all.join(", ");
}

function aimText({ targets, to, from, refuse }: Rule): string {
  if (refuse !== undefined) return `refused: ${refuse}`;
  if (targets.length === 0) return "the rules below";
  const as = [
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(from === undefined ? [] : [`from ${from}`]),
  ];
  return [targets.join(", "), ...as].join("  ");
}

function explainText(to: string, { candidates, steps, refused }: ResolvedAnswer): string {
  const [first, ...others] = candidates.map(wayText);
  const outcome =
    first === undefined
      ? `${to} is refused: ${refused?.code ?? "no_route"}, ${refused?.reason ?? "no way"}.`
      : `${to} goes to ${[first, ...others.map((one) => `if that fails ${one}`)].join(", ")}.`;
  const rows = steps.map(({ rule, target, taken, why }) => [taken ? "✓" : "", rule, target, why]);
  return `${outcome}\n\n${table(["", "rule", "target", "why"], rows)}`;
}

function wayText({
  channel,
  account,
  to,
  from,
  price,
}: ResolvedAnswer["candidates"][number]): string {
  const words = [account === undefined ? channel : `${channel}/${account}`];
  if (to !== undefined) words.push(`to ${to}`);
  if (from !== undefined) words.push(`from ${from}`);
  if (price !== undefined) words.push(`for ${price}`);
  return words.join(" ");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WrongArguments(`${file} cannot be read: ${why}`);
  }
}
