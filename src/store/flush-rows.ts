/** Columns of rows to insert, each an array parameter. */
export function createTable(columns: number): {
  readonly size: number;
  put(row: readonly (string | number)[]): void;
  values(): string[];
} {
  // Texts that grow are cheaper than lists that are joined: the engine joins them once, when sent.
  const texts = Array.from({ length: columns }, () => "");
  let size = 0;
  return {
    get size() {
      return size;
    },
    put(row) {
      for (let n = 0; n < columns; n += 1)
        texts[n] = size === 0 ? `{${row[n]}` : `${texts[n]},${row[n]}`;
      size += 1;
    },
    values: () => texts.map((text) => `${text}}`),
  };
}
