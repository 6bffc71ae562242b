import { InvalidArgumentError, Option, type Command } from "commander";
import { decode } from "../src/sms/data-coding.ts";
import type { Sms } from "../src/model/message.ts";
import {
  allDelivered,
  byLastDigit,
  byShares,
  type OutcomeOf,
  type Shares,
} from "../src/simulator/rules.ts";
import { type IdForm, idForms } from "../src/simulator/ids.ts";
import { profileRules } from "../src/simulator/profile-rules.ts";
import { readProfile, shippedProfile, shippedProfiles } from "../src/simulator/profile.ts";
import { type SmscEvent, type SmscRules, startSmsc, type Taken } from "../src/simulator/smsc.ts";
import { commandStatusName } from "../src/smpp/command-status.ts";
import { receiptStates } from "../src/smpp/receipt-state.ts";
import { wholeNumber } from "./argument.ts";
import { ConfigFaults, WrongArguments } from "./failure.ts";
import { runProvider } from "./simulated-provider.ts";

/** `signalbox simulate smsc` */
export function addSimulateSmsc(simulate: Command): void {
  simulate
    .command("smsc")
    .description("run a provider: takes messages, answers and reports them, until Ctrl-C")
    .option("--host <address>", "where it listens", "127.0.0.1")
    .option("--port <port>", "its TCP port; 0 takes a free one", wholeNumber(0, 65_535), 2785)
    .option("--password <password>", "only who gives this one may bind; else everybody may")
    .option("--answer-delay-ms <ms>", "before it answers", wholeNumber(0, 600_000), 0)
    .option("--report-delay-ms <ms>", "before it reports", wholeNumber(0, 3_600_000), 500)
    .addOption(
      new Option("--id-form <form>", "how it writes ids").choices(idForms).default("decimal"),
    )
    .addOption(
      new Option(
        "--profile <name>",
        "how it misbehaves: one of those below, or a YAML file",
      ).conflicts(["answerDelayMs", "reportDelayMs", "idForm", "byLastDigit", "share"]),
    )
    .option("--by-last-digit", "what happens is told by the number's last digit (see below)")
    .option(
      "--share <outcome=percent...>",
      "what happens to so many, as UNDELIV=5 none=1 refused=2",
      share,
      {},
    )
    .option(
      "--seed <number>",
      "of what --share and --profile draw, to repeat a run",
      wholeNumber(0, 2 ** 32 - 1),
    )
    .addHelpText(
      "after",
      () => `
With --by-last-digit: 0-4 delivered, 5 UNDELIV, 6 EXPIRED, 7 taken and never reported,
8 refused for now (ESME_RTHROTTLED), 9 refused (ESME_RINVDSTADR).

Profiles:
${profileLines()}

Type \`FROM TO TEXT\` and Enter to send a message to whoever is bound.`,
    )
    .action((own: SmscOptions, command: Command) => {
      const { host, port } = own;
      const rules = rulesOf(own);
      return runProvider(command, {
        start: (watch: (event: SmscEvent) => void) => startSmsc({ host, port, rules, watch }),
        place: (smsc) => ({ host: smsc.host, port: smsc.port }),
        address: (smsc) => `${smsc.host}:${smsc.port}`,
        use: "Point an smpp-client channel at it.",
        words: wordsOf,
        value: valueOf,
        // What became of it is an event, a message that was given up too.
        inject: (smsc, typed) => smsc.inject(typed),
      });
    });
}

interface SmscOptions {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
  readonly answerDelayMs: number;
  readonly reportDelayMs: number;
  readonly idForm: IdForm;
  readonly profile?: string;
  readonly byLastDigit?: true;
  readonly share: Shares;
  readonly seed?: number;
}

function rulesOf(own: SmscOptions): SmscRules {
  const password = own.password === undefined ? {} : { password: own.password };
  if (own.profile !== undefined) {
    const read = readProfile(own.profile);
    if ("faults" in read) throw new ConfigFaults(own.profile, read.faults);
    return { ...profileRules(read.profile, own.seed), ...password };
  }
  const { answerDelayMs, reportDelayMs, idForm } = own;
  return { outcome: outcomeOf(own), answerDelayMs, reportDelayMs, idForm, ...password };
}

/** The shipped profiles, a line each. */
function profileLines(): string {
  const names = shippedProfiles();
  const longest = Math.max(...names.map((name) => name.length));
  return names
    .map((name) => `  ${name.padEnd(longest)}  ${shippedProfile(name).description}`)
    .join("\n");
}

function outcomeOf({ byLastDigit: digits, share: shares, seed = 1 }: SmscOptions): OutcomeOf {
  const drawn = Object.keys(shares).length > 0;
  if (digits === true && drawn)
    throw new WrongArguments("--by-last-digit and --share cannot be used together");
  if (digits === true) return byLastDigit;
  return drawn ? byShares(shares, seed) : allDelivered;
}

/** One `UNDELIV=5` of `--share`, put to those before it. */
function share(text: string, before: Shares): Shares {
  const [, name = "", percent = ""] = /^(\w+)=(\d{1,3}(?:\.\d+)?)$/.exec(text) ?? [];
  const known: readonly string[] = [...receiptStates, "none", "refused"];
  if (!known.includes(name))
    throw new InvalidArgumentError(`It must be OUTCOME=PERCENT with one of ${known.join(", ")}.`);
  const shares = { ...before, [name]: Number(percent) };
  const sum = Object.values(shares).reduce((all, one) => all + one, 0);
  if (sum > 100) throw new InvalidArgumentError("All shares together may be 100 at most.");
  return shares;
}

function wordsOf(event: SmscEvent): string {
  if (event.what === "message") return takenWords(event.taken);
  if (event.what === "delivered")
    return `${event.kind} answered  ${commandStatusName(event.status)}`;
  if (event.what === "given up") return `${event.kind} given up  ${event.why}`;
  return `${event.what}  ${event.systemId} as ${event.bindType} from ${event.remote}`;
}

function takenWords({ sms, answer, messageId }: Taken): string {
  const { from, to, text } = plain(sms);
  const taken = answer === 0 ? `id ${messageId}` : "not answered";
  const outcome = typeof answer === "number" && answer !== 0 ? commandStatusName(answer) : taken;
  return `message  ${from} → ${to}  "${text ?? "(not text)"}"  ${outcome}`;
}

/** An event without the octets of its message. */
function valueOf(event: SmscEvent): object {
  if (event.what === "message") return { what: "message", ...plain(event.taken.sms) };
  return event.what === "given up" ? { ...event, sms: plain(event.sms) } : event;
}

function plain(sms: Sms): { from: string; to: string; text: string | undefined } {
  const text = decode(sms.octets, sms.dataCoding, (sms.esmClass & 0x40) !== 0);
  return { from: sms.from.digits, to: sms.to.digits, text };
}
