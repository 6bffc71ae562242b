import { type Labelled, labelled } from "./labelled.ts";

/**
 * A histogram that is counted in plain arrays. prom-client looks its labels up by a hash of them at
 * each observation, which costs half a microsecond; this costs a tenth of that.
 */
export interface OwnHistogram {
  readonly name: string;
  readonly labelNames: readonly string[];
  observe(value: number, ...labels: string[]): void;
  /** Its lines in Prometheus' text format 0.0.4. */
  text(): string;
}

interface Cell {
  /** Of each bucket its own, and behind the last those above all. */
  readonly counts: Float64Array;
  sum: number;
}

/** `buckets` are upper bounds, ascending; `help` is one line. */
export function createHistogram(given: {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly buckets: readonly number[];
}): OwnHistogram {
  const { name, help, labelNames, buckets } = given;
  const cells: Labelled<Cell> = labelled(() => ({
    counts: new Float64Array(buckets.length + 1),
    sum: 0,
  }));
  return {
    name,
    labelNames,
    observe(value, ...labels) {
      const cell = cells.of(...labels);
      let at = 0;
      while (at < buckets.length && value > (buckets[at] ?? 0)) at += 1;
      cell.counts[at] = (cell.counts[at] ?? 0) + 1;
      cell.sum += value;
    },
    text() {
      const lines = [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`];
      for (const { labels, leaf } of cells.all()) {
        const own = labels.map((label, at) => `${labelNames[at]}="${escaped(label)}"`);
        let below = 0;
        for (const [at, bound] of [...buckets, "+Inf"].entries()) {
          below += leaf.counts[at] ?? 0;
          lines.push(`${name}_bucket{${[...own, `le="${bound}"`].join(",")}} ${below}`);
        }
        const braces = own.length === 0 ? "" : `{${own.join(",")}}`;
        lines.push(`${name}_sum${braces} ${leaf.sum}`, `${name}_count${braces} ${below}`);
      }
      return `${lines.join("\n")}\n`;
    },
  };
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
