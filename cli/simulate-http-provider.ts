import type { Command } from "commander";
import {
  type HttpProviderEvent,
  type HttpProviderRules,
  startHttpProvider,
} from "../src/simulator/http-provider.ts";
import { allDelivered, byLastDigit } from "../src/simulator/rules.ts";
import { commandStatusName } from "../src/smpp/command-status.ts";
import { wholeNumber } from "./argument.ts";
import { runProvider } from "./simulated-provider.ts";

/** `signalbox simulate http-provider` */
export function addSimulateHttpProvider(simulate: Command): void {
  simulate
    .command("http-provider")
    .description("run a provider over HTTP, which all shipped files of providers fit, until Ctrl-C")
    .option("--host <address>", "where it listens", "127.0.0.1")
    .option("--port <port>", "its TCP port; 0 takes a free one", wholeNumber(0, 65_535), 2786)
    .option("--password <password>", "only who gives this one may send; else everybody may")
    .option("--secret <secret>", "with which its callbacks are signed: `callbacks.secret`", "")
    .option("--callback <url>", "where it calls back until a message says where: …/reports")
    .option("--answer-delay-ms <ms>", "before it answers", wholeNumber(0, 600_000), 0)
    .option("--report-delay-ms <ms>", "before it reports", wholeNumber(0, 3_600_000), 500)
    .option("--by-last-digit", "what happens is told by the number's last digit (see below)")
    .addHelpText(
      "after",
      `
With --by-last-digit: 0-4 delivered, 5 UNDELIV, 6 EXPIRED, 7 taken and never reported,
8 refused for now, 9 refused.

Type \`FROM TO TEXT\` and Enter to call back with a message.`,
    )
    .action((own: HttpProviderOptions, command: Command) => {
      const { host, port } = own;
      return runProvider(command, {
        start: (watch: (event: HttpProviderEvent) => void) =>
          startHttpProvider({ host, port, rules: rulesOf(own), watch }),
        place: (provider) => ({ host, port: provider.port }),
        address: (provider) => provider.url,
        use: "Make it the `url` of an http-client channel.",
        words: wordsOf,
        value: (event) => (event.what === "message" ? plain(event) : event),
        // As the last message had it.
        inject: (provider, typed) => provider.inject(typed, provider.messages.at(-1)?.shape),
      });
    });
}

interface HttpProviderOptions {
  readonly host: string;
  readonly port: number;
  readonly password?: string;
  readonly secret: string;
  readonly callback?: string;
  readonly answerDelayMs: number;
  readonly reportDelayMs: number;
  readonly byLastDigit?: true;
}

function rulesOf(own: HttpProviderOptions): HttpProviderRules {
  const { password, secret, callback, answerDelayMs, reportDelayMs, byLastDigit: digits } = own;
  return {
    outcome: digits === true ? byLastDigit : allDelivered,
    answerDelayMs,
    reportDelayMs,
    secret,
    ...(password !== undefined && { password }),
    ...(callback !== undefined && { callbackUrl: callback }),
  };
}

function wordsOf(event: HttpProviderEvent): string {
  if (event.what === "delivered") return `${event.kind} answered  HTTP ${event.status}`;
  if (event.what === "given up") return `${event.kind} given up  ${event.why}`;
  const { from, to, text, answer, messageId, shape } = event.taken;
  const outcome =
    answer === "silent"
      ? "not answered"
      : answer === 0
        ? `id ${messageId}`
        : commandStatusName(answer);
  return `message  ${from} → ${to}  "${text ?? "(not text)"}"  ${outcome}  ${shape}`;
}

/** A message without the password that it came with. */
function plain({ taken }: Extract<HttpProviderEvent, { what: "message" }>): object {
  const { shape, from, to, text, data, answer, messageId } = taken;
  return { what: "message", shape, from, to, text, data, answer, messageId };
}
