import { GatewayError } from "../model/error.ts";

/** Work that gathers while the batch before it is under way. */
export interface Lane<Item> {
  /** Throws `overloaded` when too much waits. */
  add(item: Item): void;
  /** Runs this alone, between two batches. */
  between<T>(work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing waits or is under way. */
  idle(): Promise<void>;
}

/** Of one statement; more make it no cheaper for each. */
const batchMax = 512;

/** All triggers together have far fewer under way; above it the database has been away for long. */
const waitingMax = 10_000;

/** One batch at a time, at once when nothing is under way. `run` never rejects. */
export function openLane<Item>(run: (batch: readonly Item[]) => Promise<void>): Lane<Item> {
  const waiting: Item[] = [];
  const alone: (() => Promise<void>)[] = [];
  let working: Promise<void> | undefined;

  async function work(): Promise<void> {
    // What is asked in the same moment comes with the first batch.
    await Promise.resolve();
    while (waiting.length > 0 || alone.length > 0) {
      if (waiting.length > 0) await run(waiting.splice(0, batchMax));
      await alone.shift()?.();
    }
    working = undefined;
  }

  return {
    add(item) {
      if (waiting.length >= waitingMax)
        throw new GatewayError("overloaded", `kv: ${waitingMax} calls wait for the database`);
      waiting.push(item);
      working ??= work();
    },
    between: (task) =>
      new Promise((resolve, reject) => {
        alone.push(() => task().then(resolve, reject));
        working ??= work();
      }),
    async idle() {
      while (working !== undefined) await working;
    },
  };
}
