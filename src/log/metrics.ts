import { Registry, collectDefaultMetrics } from "prom-client";
import type { Meter, Readings } from "../model/meter.ts";
import { createCounting } from "./counting.ts";
import { createReading } from "./reading.ts";

/** Metrics in the words of Prometheus: base units, `signalbox_` before each that is ours. */
export interface Metrics {
  readonly meter: Meter;
  readonly contentType: string;
  /** The page that Prometheus reads. Without readings, as during the start, only what was counted. */
  page(readings: Readings | undefined): Promise<string>;
  /** Every metric with the names of its labels, for who checks a dashboard. */
  names(): ReadonlyMap<string, readonly string[]>;
}

/** Made once per gateway, when its admin port is configured. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { meter, histograms } = createCounting(registry);
  const read = createReading(registry);
  return {
    meter,
    contentType: registry.contentType,
    async page(readings) {
      if (readings !== undefined) read(readings);
      const own = histograms.map((histogram) => histogram.text());
      return [await registry.metrics(), ...own].join("\n");
    },
    names() {
      const names = new Map<string, readonly string[]>();
      for (const metric of registry.getMetricsAsArray())
        names.set(
          metric.name,
          "labelNames" in metric && Array.isArray(metric.labelNames) ? metric.labelNames : [],
        );
      for (const { name, labelNames } of histograms) names.set(name, labelNames);
      return names;
    },
  };
}
