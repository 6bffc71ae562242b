import assert from "node:assert/strict";

/** One line of a page of metrics. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * Reads the text format 0.0.4 as strictly as Prometheus does: every line is a help, a type or a
 * sample, each sample belongs to the type that stands before it, and no series comes twice.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function samplesOf(page: string): Sample[] {
  assert.ok(page.endsWith("\n"), "the last line has no end");
  const samples: Sample[] = [];
  const seen = new Set<string>();
  const types = new Map<string, string>();
  let type: { readonly name: string; readonly kind: string } | undefined;
  for (const line of page.split("\n")) {
    if (line === "") continue;
    const help = /^# HELP ([a-zA-Z_:][\w:]*) (\S.*)$/.exec(line);
    if (help !== null) continue;
    const typed = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(
      line,
    );
    if (typed !== null) {
      const [, name = "", kind = ""] = typed;
      assert.ok(!types.has(name), `${name} has two types`);
      types.set(name, kind);
      type = { name, kind };
      continue;
    }
    const sample = sampleIn(line);
    assert.ok(type !== undefined && belongs(sample, type), `not of the type before it: ${line}`);
    const series = JSON.stringify([sample.name, Object.entries(sample.labels).toSorted()]);
    assert.ok(!seen.has(series), `twice: ${line}`);
    seen.add(series);
    if (type.kind === "counter") assert.ok(sample.value >= 0, line);
    samples.push(sample);
  }
  return samples;
}

/** The sum of the samples of this name that have these labels; undefined when there is none. */
export function valueOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (one) =>
      one.name === name &&
      Object.entries(labels).every(([label, value]) => one.labels[label] === value),
  );
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0);
}

function sampleIn(line: string): Sample {
  const form =
    /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\]|\\["\\n])*",?)*)\})? (\S+)( \d+)?$/;
  const [, name = "", inner = "", text = ""] = form.exec(line) ?? assert.fail(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  for (const [, label = "", value = ""] of inner.matchAll(/(\w+)="((?:[^"\\]|\\["\\n])*)"/g))
    labels[label] = value.replaceAll(/\\(["\\n])/g, (_, one: string) => (one === "n" ? "\n" : one));
  // Prometheus reads numbers as Go does, to which `Nan` is `NaN`.
  const special: Readonly<Record<string, number>> = {
    nan: NaN,
    "+inf": Infinity,
    "-inf": -Infinity,
  };
  const key = text.toLowerCase();
  const value = special[key] ?? Number(text);
  assert.ok(key in special || !Number.isNaN(value), `no number: ${line}`);
  return { name, labels, value };
}

function belongs(sample: Sample, type: { readonly name: string; readonly kind: string }): boolean {
  if (type.kind !== "histogram" && type.kind !== "summary") return sample.name === type.name;
  return ["", "_bucket", "_sum", "_count"].some((end) => sample.name === type.name + end);
}
