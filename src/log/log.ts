import { type DestinationStream, type Logger, pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Clock } from "../model/clock.ts";
import type { Log, LogLevels } from "../model/log.ts";
import { type Flood, createFlood } from "./flood.ts";

/** Fields that never reach a log, whoever hands them in. */
const secrets = [
  "password",
  "*.password",
  "token",
  "*.token",
  "authorization",
  "*.authorization",
  "hash",
  "*.hash",
  "text",
  "*.text",
  "octets",
  "*.octets",
  // Of an error of PostgreSQL: the row that it could not store, with numbers and text.
  "*.detail",
  "*.where",
];

/**
 * The gateway's log: JSON lines on standard error, or readable lines when that is a terminal.
 * Written synchronously, so that the last line before a crash is there. What a peer can cause again
 * and again is written ten times a minute, then counted.
 */
export function createLog(
  levels: LogLevels,
  { clock, to }: { readonly clock: Clock; readonly to?: DestinationStream },
): Log {
  const options = {
    // Which lines are told is asked of `levels`, which may change.
    level: "debug",
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secrets, censor: "***" },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const lines = pino(options, to ?? standardError());
  const flood = createFlood(clock, ({ source, text, lines: leftOut }) =>
    lines.warn({ source, leftOut }, `more lines than are written one by one: ${text}`),
  );
  return logInto(lines, { levels, flood, channel: undefined });
}

function standardError(): DestinationStream {
  if (process.stderr.isTTY) return PinoPretty({ destination: 2, sync: true, ignore: "tag" });
  return pino.destination({ dest: 2, sync: true });
}

interface Rules {
  readonly levels: LogLevels;
  readonly flood: Flood;
  /** Whose log it is; a line may name another one. */
  readonly channel: string | undefined;
}

type Facts = Readonly<Record<string, unknown>>;

function logInto(lines: Logger, rules: Rules): Log {
  const { levels, flood } = rules;
  const at = (level: "debug" | "info" | "warn" | "error") => (facts: Facts, text: string) => {
    const channel = channelIn(facts) ?? rules.channel;
    if (!levels.allows(level, channel)) return;
    // A peer can cause what is wrong, and what a channel's own log tells. What an operator does is told
    // each time, and who asks for `debug` wants all of it.
    const limited = level === "warn" || level === "error" || rules.channel !== undefined;
    if (limited && level !== "debug" && !flood.allows(sourceOf(facts, channel), text)) return;
    lines[level](facts, text);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (facts) =>
      logInto(lines.child(facts), { ...rules, channel: channelIn(facts) ?? rules.channel }),
  };
}

/** Whom a line is about: a session lives too short, and a peer's port is a new one each time. */
function sourceOf(facts: Facts, channel = ""): string {
  const { remote, account, subject, trigger } = facts;
  for (const one of [remote, account, subject, trigger])
    if (typeof one === "string") return `${channel} ${one.replace(/^([^:]*|\[.*\]):\d+$/, "$1")}`;
  return channel;
}

function channelIn({ channel }: Facts): string | undefined {
  return typeof channel === "string" ? channel : undefined;
}
