import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import {
  type DeadHookView,
  WEBHOOK_EVENTS,
  type WebhookTestView,
  type WebhookView,
} from "../src/model/webhook.ts";
import { wholeNumber } from "./argument.ts";
import { confirm } from "./confirm.ts";
import { WrongArguments, exitCodes } from "./failure.ts";
import { ask, segment } from "./gateway.ts";
import { answer, count, dateTime, shortened, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { maybe } from "./views.ts";

/** Characters of a URL in a list; `--json` has all of it. */
const urlCharactersMax = 60;
const reasonCharactersMax = 80;

/** Hours that an old secret signs beside the new one. */
const keepOldHours = 24;
const keepOldHoursMax = 720;

const webhookShape: z.ZodType<WebhookView> = z.object({
  id: z.string(),
  account: z.string(),
  url: z.string(),
  form: z.enum(["post", "get", "callback"]),
  events: z.array(z.enum(WEBHOOK_EVENTS)),
  channels: z.array(z.string()),
  secrets: z.number(),
  disabled: maybe(z.string()),
  createdMs: z.number(),
  waiting: z.number(),
  dead: z.number(),
  breaker: z.enum(["closed", "open", "trying"]),
  openUntilMs: maybe(z.number()),
  told: z.number(),
  failed: z.number(),
  lastError: maybe(z.string()),
});

const addedShape = z.object({ endpoint: webhookShape, secret: z.string() });
const rotatedShape = z.object({ secret: z.string(), oldUntilMs: z.number() });
const resentShape = z.object({ calls: z.number() });

const testShape: z.ZodType<WebhookTestView> = z.object({
  ok: z.boolean(),
  status: maybe(z.number()),
  tookMs: z.number(),
  error: maybe(z.string()),
});

const deadShape: z.ZodType<DeadHookView> = z.object({
  id: z.string(),
  endpoint: z.string(),
  event: z.string(),
  subject: z.string(),
  url: z.string(),
  tries: z.number(),
  reason: z.string(),
  deadMs: z.number(),
  payload: z.string(),
});

/** `signalbox webhook …` */
export function addWebhook(program: Command): void {
  const webhook = program
    .command("webhook")
    .description("URLs at which customers are told what becomes of their messages");

  webhook
    .command("list")
    .description("show every URL, how much waits for it and how it answers")
    .option("--account <id>", "only those of this account")
    .action(async (own: { readonly account?: string }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const call = {
        method: "GET",
        path: "/v1/webhooks",
        query: { account: own.account },
      } as const;
      const all = await ask(options, { ...call, shape: z.array(webhookShape) });
      const next =
        all.length === 0
          ? "Add one: signalbox webhook add <account> <url>"
          : "Try one: signalbox webhook test <id>";
      answer(options, all, listed, next);
    });

  webhook
    .command("add")
    .description("tell a customer at this URL; prints the secret that signs what he is told")
    .argument("<account>")
    .argument(
      "<url>",
      "https://…; with --get a template such as 'http://…?billid=${billid}&status=${sms_stat}'",
    )
    .option(
      "--event <name...>",
      `what to tell; \`*\` all, \`message.*\` all of messages: ${WEBHOOK_EVENTS.join(", ")}`,
    )
    .option("--channel <name...>", "only of messages that came in on these channels")
    .option("--get", "call it by GET, with what there is to tell in the URL")
    .option("--elsewhere", "the account is kept in a database of your own")
    .action(async (account: string, url: string, own: AddOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const body = {
        account,
        url,
        form: own.get === true ? "get" : "post",
        events: own.event,
        channels: own.channel,
        elsewhere: own.elsewhere,
      };
      const call = { method: "POST", path: "/v1/webhooks", body, shape: addedShape } as const;
      const added = await ask(options, call);
      const words = ({ endpoint, secret }: typeof added): string =>
        `Webhook ${endpoint.id} of ${account} is told of ${endpoint.events.join(", ")}.\n` +
        `Its secret, shown once: ${secret}`;
      answer(options, added, words, `Try it: signalbox webhook test ${added.endpoint.id}`);
    });

  webhook
    .command("set")
    .description("change what a URL is told, or where it is; or switch it off and on")
    .argument("<id>")
    .option("--url <url>", "the new one")
    .option("--event <name...>", "all that it is to be told, as for `add`")
    .option("--channel <name...>", "only of messages that came in on these channels")
    .option("--all-channels", "of messages of every channel")
    .option("--off", "tell nothing there; what waits is kept for a day")
    .option("--on", "tell it again")
    .action(async (id: string, own: SetOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if (own.on === true && own.off === true) throw new WrongArguments("say --on or --off");
      const body = {
        url: own.url,
        events: own.event,
        channels: own.allChannels === true ? [] : own.channel,
        enabled: own.on === true ? true : own.off === true ? false : undefined,
      };
      if (Object.values(body).every((value) => value === undefined))
        throw new WrongArguments("say what is to change");
      const path = `/v1/webhooks/${segment(id)}`;
      const changed = await ask(options, { method: "PATCH", path, body, shape: webhookShape });
      answer(options, changed, (one) => listed([one]), `Try it: signalbox webhook test ${id}`);
    });

  webhook
    .command("remove")
    .description("tell nothing there any more; what was still to be told is lost")
    .argument("<id>")
    .option("--yes", "do not ask")
    .action(async (id: string, own: { readonly yes?: true }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const warning = "What waits for this webhook, and what was given up, is lost.";
      await confirm({ warning, word: id, named: "its id", yes: own.yes === true });
      const shape = z.object({ dropped: z.number() });
      const path = `/v1/webhooks/${segment(id)}`;
      const removed = await ask(options, { method: "DELETE", path, shape });
      const words = `Webhook ${id} is gone, and ${count(removed.dropped, "call")} with it.`;
      answer(options, removed, () => words, "What is left: signalbox webhook list");
    });

  webhook
    .command("rotate")
    .description("make a new secret; the old one signs too for a while")
    .argument("<id>")
    .option(
      "--keep-old <hours>",
      "how long; 0 when somebody else has it",
      wholeNumber(0, keepOldHoursMax),
      keepOldHours,
    )
    .action(async (id: string, own: { readonly keepOld: number }, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/webhooks/${segment(id)}/rotate`;
      const body = { keepOldMs: own.keepOld * 3_600_000 };
      const rotated = await ask(options, { method: "POST", path, body, shape: rotatedShape });
      const words = ({ secret, oldUntilMs }: typeof rotated): string =>
        `The new secret, shown once: ${secret}\nThe old one signs too until ${dateTime(oldUntilMs)}.`;
      answer(options, rotated, words, `Try it: signalbox webhook test ${id}`);
    });

  webhook
    .command("test")
    .description("call it now with an event that means nothing, and say how it answered")
    .argument("<id>")
    .action(async (id: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/webhooks/${segment(id)}/test`;
      const shape = testShape;
      const tested = await ask(options, { method: "POST", path, shape, timeoutMs: 90_000 });
      const words = ({ ok, status, tookMs, error }: WebhookTestView): string =>
        ok
          ? `It answered with ${status} after ${tookMs} ms.`
          : `It failed after ${tookMs} ms: ${error}.`;
      answer(options, tested, words, "How it goes: signalbox webhook list");
      if (!tested.ok) process.exitCode = exitCodes.refused;
    });

  webhook
    .command("dead")
    .description("show what was given up and why, the newest first")
    .option("--endpoint <id>", "only of this webhook")
    .option("--limit <number>", "how many at most, up to 1000", wholeNumber(1, 1_000), 100)
    .action(
      async (own: { readonly endpoint?: string; readonly limit: number }, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions>();
        const query = { endpoint: own.endpoint, limit: own.limit };
        const call = { method: "GET", path: "/v1/webhook-calls/dead", query } as const;
        const dead = await ask(options, { ...call, shape: z.array(deadShape) });
        answer(
          options,
          dead,
          deadListed,
          "Mend the cause, then: signalbox webhook resend <call>, or --all",
        );
      },
    );

  webhook
    .command("resend")
    .description("tell again what was given up")
    .argument("[call]", "as `signalbox webhook dead` shows it")
    .option("--endpoint <id>", "all of this webhook")
    .option("--all", "all of every webhook")
    .action(async (call: string | undefined, own: ResendOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      if ([call, own.endpoint, own.all].filter((one) => one !== undefined).length !== 1)
        throw new WrongArguments("name one call, or say --endpoint <id> or --all");
      const body = { id: call, endpoint: own.endpoint };
      const path = "/v1/webhook-calls/resend";
      const resent = await ask(options, { method: "POST", path, body, shape: resentShape });
      const words = ({ calls }: typeof resent): string =>
        `${count(calls, "call")} ${calls === 1 ? "is" : "are"} made again.`;
      answer(options, resent, words, "What came of it: signalbox webhook list");
    });
}

interface AddOptions {
  readonly event?: readonly string[];
  readonly channel?: readonly string[];
  readonly get?: true;
  readonly elsewhere?: true;
}

interface SetOptions {
  readonly url?: string;
  readonly event?: readonly string[];
  readonly channel?: readonly string[];
  readonly allChannels?: true;
  readonly on?: true;
  readonly off?: true;
}

interface ResendOptions {
  readonly endpoint?: string;
  readonly all?: true;
}

function listed(all: readonly WebhookView[]): string {
  if (all.length === 0) return "No customer is told anything at a URL.";
  return table(
    ["id", "account", "url", "state", "waiting", "dead", "told", "failed", "last error"],
    all.map((one) => [
      one.id,
      one.account,
      one.form === "callback"
        ? "callback_url of each message"
        : shortened(one.url, urlCharactersMax),
      stateOf(one),
      one.waiting,
      one.dead,
      one.told,
      one.failed,
      shortened(one.lastError ?? "", reasonCharactersMax),
    ]),
  );
}

function stateOf({ disabled, breaker, openUntilMs }: WebhookView): string {
  return disabled !== undefined
    ? `off: ${disabled}`
    : breaker === "open"
      ? `resting until ${dateTime(openUntilMs ?? 0)}`
      : breaker === "trying"
        ? "being tried"
        : "on";
}

function deadListed(dead: readonly DeadHookView[]): string {
  if (dead.length === 0) return "Nothing was given up.";
  return table(
    ["call", "webhook", "time", "what", "message", "tries", "why"],
    dead.map((one) => [
      one.id,
      one.endpoint,
      dateTime(one.deadMs),
      one.event,
      one.subject,
      one.tries,
      shortened(one.reason, reasonCharactersMax),
    ]),
  );
}
