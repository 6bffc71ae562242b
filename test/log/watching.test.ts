// The dashboard and the alert rules that we ship ask for metrics and labels that there are, and every
// alert says what to do.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { createMetrics } from "../../src/log/metrics.ts";

const root = join(import.meta.dirname, "../..");
const textOf = (file: string): string => readFileSync(join(root, file), "utf8");

/** Labels that Prometheus itself puts to every series, and that of a histogram's buckets. */
const givenLabels = ["instance", "job", "le"];

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook_url: string };
}

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The shape is what the tests prove.
const { groups } = parse(textOf("deploy/alerts.yaml")) as { groups: { rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The shape is what the tests prove.
const { panels } = JSON.parse(textOf("deploy/grafana/signalbox.json")) as { panels: Panel[] };
const targets = panels.flatMap((panel) => panel.targets ?? []);

/** What is wrong with the names in a PromQL expression, and with the labels that are made of it. */
function faultsOf(
  expr: string,
  used: readonly string[],
  known: ReadonlyMap<string, readonly string[]>,
): string[] {
  const faults: string[] = [];
  const there = new Set(givenLabels);
  const selectors = expr.matchAll(/\b((?:signalbox|nodejs|process)_\w+|up\b)(?:\{([^}]*)\})?/g);
  let found = 0;
  for (const [, name = "", inner = ""] of selectors) {
    found += 1;
    const labels =
      name === "up" ? [] : (known.get(name) ?? known.get(name.replace(/_(bucket|sum|count)$/, "")));
    if (labels === undefined) faults.push(`there is no metric ${name}`);
    for (const label of labels ?? []) there.add(label);
    for (const [, label = ""] of inner.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g))
      if (!givenLabels.includes(label) && labels?.includes(label) === false)
        faults.push(`${name} has no label ${label}`);
  }
  if (found === 0) faults.push("it asks for no metric");
  const kept = expr.matchAll(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g);
  const grouped = [...kept].flatMap(([, list = ""]) => list.split(",").map((one) => one.trim()));
  for (const label of [...grouped, ...used])
    if (!there.has(label)) faults.push(`nothing has the label ${label}`);
  return faults;
}

test("every metric and label of the dashboard exists", () => {
  const known = createMetrics().names();
  assert.ok(targets.length > 30);
  for (const { expr, legendFormat } of targets) {
    const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
    assert.deepEqual(faultsOf(expr, used, known), [], expr);
  }
});

test("every metric and label of the alerts exists, and each says what is wrong and where to read on", () => {
  const known = createMetrics().names();
  const headings = [...textOf("docs/operations.md").matchAll(/^#+ (.+)$/gm)].map(([, text = ""]) =>
    text
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
  assert.ok(rules.length >= 15);
  for (const { alert, expr, labels, annotations } of rules) {
    const used = [...annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, one = ""]) => one);
    assert.deepEqual(faultsOf(expr, used, known), [], alert);
    assert.ok(["page", "ticket"].includes(labels.severity), alert);
    assert.ok(annotations.summary.length > 10, alert);
    const [page, anchor = ""] = annotations.runbook_url.split("#");
    assert.equal(page, "docs/operations.md", alert);
    assert.ok(headings.includes(anchor), `${alert}: no heading for #${anchor}`);
  }
  assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
});

test("each of our metrics is on the dashboard or in an alert, so none is kept for nobody", () => {
  const asked = [...targets, ...rules].map(({ expr }) => expr).join("\n");
  const ours = [...createMetrics().names().keys()].filter((name) => name.startsWith("signalbox_"));
  assert.deepEqual(
    ours.filter((name) => !asked.includes(name)),
    [],
  );
});

test("a name or a label that is not there is found", () => {
  const known = new Map([["signalbox_a_total", ["channel"]]]);
  const faults = (expr: string, used: string[] = []) => faultsOf(expr, used, known);
  assert.deepEqual(faults('sum by (channel) (rate(signalbox_a_total{channel="x"}[5m]))'), []);
  assert.equal(faults("signalbox_b_total > 0").length, 1);
  assert.equal(faults('signalbox_a_total{chanel="x"}').length, 1);
  assert.equal(faults("sum by (account) (signalbox_a_total)").length, 1);
  assert.equal(faults("signalbox_a_total", ["trigger"]).length, 1);
  assert.equal(faults("vector(1)").length, 1);
});
