import { type DestinationStream, pino } from "pino";
import { PinoPretty } from "pino-pretty";
import type { Log } from "../model/log.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Fields that never reach a log, whoever hands them in. */
const secrets = [
  "password",
  "*.password",
  "hash",
  "*.hash",
  "text",
  "*.text",
  "octets",
  "*.octets",
];

/**
 * The gateway's log: JSON lines on standard error, or readable lines when that is a terminal.
 * Written synchronously, so that the last line before a crash is there.
 */
export function createLog(level: LogLevel, to?: DestinationStream): Log {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secrets, censor: "***" },
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (to !== undefined) return pino(options, to);
  if (process.stderr.isTTY)
    return pino(options, PinoPretty({ destination: 2, sync: true, ignore: "tag" }));
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
