/**
 * Asks; undefined when that fails, which is told by whoever has work for the database, or takes longer.
 * Whoever asks meanwhile gets the same answer, so that a database that hangs collects no questions.
 */
export function inTime<T>(mostMs: number, ask: () => Promise<T>): () => Promise<T | undefined> {
  let asked: Promise<T | undefined> | undefined;

  return async () => {
    asked ??= ask()
      .catch(() => undefined)
      .finally(() => (asked = undefined));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((end) => {
      timer = setTimeout(() => end(undefined), mostMs);
    });
    const first = await Promise.race([asked, late]);
    clearTimeout(timer);
    return first;
  };
}
