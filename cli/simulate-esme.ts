import { Option, type Command } from "commander";
import type { BindType } from "../src/model/event.ts";
import { connectEsme, type Delivered, type Esme, type Submitted } from "../src/simulator/esme.ts";
import type { Sms } from "../src/model/message.ts";
import { decode } from "../src/sms/data-coding.ts";
import type { Written } from "../src/simulator/written.ts";
import { commandStatusName } from "../src/smpp/command-status.ts";
import { wholeNumber } from "./argument.ts";
import { exitCodes, WrongArguments } from "./failure.ts";
import { readPassword } from "./password.ts";
import { suggest } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { signalled } from "./signalled.ts";
import { visible } from "./visible.ts";

/** Messages. More is a load test, which `npm run bench` does better. */
const countMax = 100_000;

/** Messages and answers that are shown one by one; of more than this only the sums are told. */
const shownMax = 20;

/** s. How long reports are waited for when `--wait-report` says no time. */
const reportWaitS = 10;

/** `signalbox simulate esme` */
export function addSimulateEsme(simulate: Command): void {
  simulate
    .command("esme")
    .description("be a customer: bind, send, show what comes back, unbind")
    .option("--to <number>", "whom it is for")
    .option("--text <text>", "what to send")
    .option("--from <number>", "who it is from", "+15550100001")
    .option("--host <address>", "where to bind", "127.0.0.1")
    .option("--port <port>", "its TCP port; 2775, or 2776 with --tls", wholeNumber(1, 65_535))
    .option("--tls", "connect with TLS and check the certificate")
    .option("--insecure", "connect with TLS and take any certificate")
    .option("--system-id <id>", "who binds", "Test1")
    .option("--password <password>", "its password; - asks for it", "Pwd1")
    .addOption(
      new Option("--bind-type <type>", "as what it binds")
        .choices(["transmitter", "receiver", "transceiver"])
        .default("transceiver"),
    )
    .option("--count <number>", "send it so many times", wholeNumber(1, countMax), 1)
    .option("--window <number>", "requests without an answer", wholeNumber(1, 10_000), 10)
    .option(
      "--wait-report [seconds]",
      "ask for reports and wait for them, 10 s or so many",
      wholeNumber(1, 86_400),
    )
    .option("--listen", "stay bound and show what comes in, until Ctrl-C")
    .action(async (own: EsmeCommandOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      process.exitCode = await run(own, options.json === true);
    });
}

interface EsmeCommandOptions {
  readonly to?: string;
  readonly text?: string;
  readonly from: string;
  readonly host: string;
  readonly port?: number;
  readonly tls?: true;
  readonly insecure?: true;
  readonly systemId: string;
  readonly password: string;
  readonly bindType: BindType;
  readonly count: number;
  readonly window: number;
  readonly waitReport?: number | true;
  readonly listen?: true;
}

async function run(own: EsmeCommandOptions, json: boolean): Promise<number> {
  const { to, text, listen } = own;
  const message = to === undefined || text === undefined ? undefined : { from: own.from, to, text };
  if (message === undefined && listen !== true)
    throw new WrongArguments("--to and --text are needed, or --listen");
  const asked = listen === true ? signalled() : undefined;
  const password = own.password === "-" ? await readPassword("Password: ") : own.password;
  const reports = createReports();
  const secure = own.tls === true || own.insecure === true;
  const port = own.port ?? (secure ? 2776 : 2775);
  const esme = await connectEsme({
    host: own.host,
    port,
    ...(secure && { tls: { rejectUnauthorized: own.insecure !== true } }),
    systemId: own.systemId,
    password,
    bindType: own.bindType,
    windowRequests: own.window,
    watch(delivered) {
      reports.put(delivered);
      if (!json) say(deliveredWords(delivered));
    },
  });
  const who = `${own.systemId} at ${own.host}:${port}`;
  const bindStatus = commandStatusName(esme.bindStatus);
  if (esme.bindStatus !== 0) {
    await esme.unbind();
    if (json) print({ bind: bindStatus, submitted: [], received: [] });
    else say(`bind refused  ${bindStatus} (${hex(esme.bindStatus)}) for ${who}`);
    return exitCodes.refused;
  }
  if (!json)
    say(`bound  ${who}, which calls itself "${esme.peerSystemId}"${secure ? ", with TLS" : ""}`);

  const submitted = message === undefined ? [] : await submitAll(esme, message, own, json);
  const ids = submitted.flatMap(({ messageId }) => (messageId === "" ? [] : [messageId]));
  const waitMs = secondsOf(own.waitReport) * 1_000;
  const allReported =
    own.waitReport === undefined || (await reports.until(ids, waitMs, esme.closed));
  let cutOff = false;
  if (asked !== undefined) {
    suggest("Shows what comes in; Ctrl-C ends.");
    const reason = await Promise.race([asked, esme.closed]);
    cutOff = reason !== undefined;
    if (reason !== undefined && !json) say(`the session ended  ${reason}`);
  }
  await esme.unbind();

  const received = esme.deliveries.map(deliveredValue);
  if (json) print({ bind: bindStatus, submitted: submitted.map(submittedValue), received });
  else if (!allReported)
    say(`not all reports came within ${secondsOf(own.waitReport)} s; see \`signalbox trace <id>\``);
  else if (ids[0] !== undefined) suggest(`Its story: signalbox trace ${ids[0]}`);
  const allTaken = submitted.every(({ status }) => status === 0);
  return allTaken && allReported && !cutOff ? exitCodes.done : exitCodes.refused;
}

async function submitAll(
  esme: Esme,
  message: Written,
  own: EsmeCommandOptions,
  json: boolean,
): Promise<readonly Submitted[]> {
  const registeredDelivery = own.waitReport === undefined ? 0 : 1;
  const submitted = await Promise.all(
    Array.from({ length: own.count }, async () => {
      const one = await esme.submit({ ...message, registeredDelivery });
      if (!json && own.count <= shownMax) say(submittedWords(one));
      return one;
    }),
  );
  if (!json && own.count > shownMax) say(sumWords(submitted));
  return submitted;
}

/** Which messages a final report has come for, so that one can wait for all of them. */
function createReports() {
  const reported = new Set<string>();
  let check = (): void => {};
  return {
    put({ receipt }: Delivered): void {
      if (receipt === undefined || receipt.status === "SENT") return;
      reported.add(receipt.messageId.toLowerCase());
      check();
    },
    /** True once all have come, false when the time is over before, or the session. */
    until(ids: readonly string[], ms: number, closed: Promise<unknown>): Promise<boolean> {
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), ms);
        void closed.then(() => {
          clearTimeout(timer);
          resolve(false);
        });
        check = () => {
          if (!ids.every((id) => reported.has(id.toLowerCase()))) return;
          clearTimeout(timer);
          resolve(true);
        };
        check();
      });
    },
  };
}

function secondsOf(waitReport: number | true | undefined): number {
  return typeof waitReport === "number" ? waitReport : reportWaitS;
}

function hex(status: number): string {
  return `0x${status.toString(16).padStart(2, "0")}`;
}

function submittedWords(one: Submitted): string {
  if (one.status === undefined) return `submit unanswered  ${one.why ?? ""}`;
  const time = `${one.ms.toFixed(1)} ms`;
  return one.status === 0
    ? `submit taken  id ${one.messageId}  ${time}`
    : `submit refused  ${commandStatusName(one.status)} (${hex(one.status)})  ${time}`;
}

function sumWords(all: readonly Submitted[]): string {
  const sums = new Map<string, number>();
  for (const { status, why } of all) {
    const name = status === undefined ? (why ?? "unanswered") : commandStatusName(status);
    sums.set(name, (sums.get(name) ?? 0) + 1);
  }
  const times = all.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => times[Math.floor((times.length - 1) * share)]?.toFixed(1);
  const counts = [...sums].map(([name, count]) => `${count} ${name}`).join(", ");
  return `${all.length} submits: ${counts}; p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

function deliveredWords({ sms, receipt }: Delivered): string {
  if (receipt !== undefined) {
    const error = receipt.error === "" ? "" : `  err ${receipt.error}`;
    return `report  ${receipt.state}  id ${receipt.messageId}${error}`;
  }
  return `message  ${sms.from.digits} → ${sms.to.digits}  "${textOf(sms) ?? "(not text)"}"`;
}

function submittedValue({ status, why, messageId, ms }: Submitted) {
  const name = status === undefined ? why : commandStatusName(status);
  return { status: name, messageId, ms: Math.round(ms * 10) / 10 };
}

function deliveredValue({ sms, receipt }: Delivered) {
  const { from, to } = sms;
  return { from: from.digits, to: to.digits, text: textOf(sms), receipt };
}

function textOf(sms: Sms): string | undefined {
  return decode(sms.octets, sms.dataCoding, (sms.esmClass & 0x40) !== 0);
}

function say(text: string): void {
  process.stdout.write(`${visible(text)}\n`);
}

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
