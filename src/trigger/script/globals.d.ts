/** What is there without an import, beside what the language itself has: it writes to the trigger's log. */
interface Console {
  log(...values: unknown[]): void;
  info(...values: unknown[]): void;
  debug(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

// oxlint-disable-next-line no-var -- Node declares it so too, and the two must agree.
declare var console: Console;
