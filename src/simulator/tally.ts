/**
 * Counts what happened and lets others wait for a count; a wait ends with an error when the thing
 * that counts has closed, so that nobody waits for ever.
 */
export interface Tally<Name extends string> {
  readonly counts: Readonly<Record<Name, number>>;
  readonly add: (name: Name) => void;
  /** Resolves once that count is `n` or more, at once if it is already. */
  readonly until: (name: Name, n: number) => Promise<void>;
  readonly close: (why: string) => void;
}

export function createTally<Name extends string>(
  zero: Readonly<Record<Name, number>>,
): Tally<Name> {
  const counts: Record<Name, number> = { ...zero };
  let waiting: {
    readonly name: Name;
    readonly n: number;
    readonly resolve: () => void;
    readonly reject: (cause: Error) => void;
  }[] = [];
  let closed: string | undefined;
  return {
    counts,
    add(name) {
      counts[name] += 1;
      if (waiting.length === 0) return;
      const due = waiting.filter((one) => one.name === name && one.n <= counts[name]);
      if (due.length === 0) return;
      waiting = waiting.filter((one) => !due.includes(one));
      for (const { resolve } of due) resolve();
    },
    until(name, n) {
      if (counts[name] >= n) return Promise.resolve();
      return new Promise((resolve, reject) => {
        if (closed === undefined) waiting.push({ name, n, resolve, reject });
        else reject(new Error(`${name} is ${counts[name]}, ${n} awaited: ${closed}`));
      });
    },
    close(why) {
      closed ??= why;
      const left = waiting;
      waiting = [];
      for (const { name, n, reject } of left)
        reject(new Error(`${name} is ${counts[name]}, ${n} awaited: ${why}`));
    },
  };
}
