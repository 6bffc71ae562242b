import { dirname, resolve } from "node:path";
import type { z } from "../src/config/schema.ts";
import { load } from "../src/config/load.ts";
import { type Settings, settingsSchema } from "../src/settings.ts";
import { ConfigFaults } from "./failure.ts";

/** The options that every command has. */
export interface GlobalOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** All settings, or `ConfigFaults`. */
export function readSettings({ config }: GlobalOptions): Settings {
  return read(config, settingsSchema, undefined);
}

/** The data directory, whatever else the file says: to find a gateway that runs no more is needed. */
export function readDataDirectory({ config }: GlobalOptions): string {
  return resolve(baseOf(config), read(config, settingsSchema.shape.data, "data"));
}

/** Paths in the settings are relative to the file that they stand in. */
export function baseOf(config: string): string {
  return dirname(resolve(config));
}

function read<S extends z.ZodType>(path: string, schema: S, only: string | undefined): z.output<S> {
  const options = { path, schema, env: process.env };
  const result = load(only === undefined ? options : { ...options, only });
  if ("faults" in result) throw new ConfigFaults(path, result.faults);
  return result.settings;
}
