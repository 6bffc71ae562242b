import { dirname, resolve } from "node:path";
import { databaseSettings, dataSetting } from "../src/config/data-settings.ts";
import type { z } from "../src/config/schema.ts";
import { load } from "../src/config/load.ts";
import type { Settings } from "../src/settings.ts";
import { ConfigFaults } from "./failure.ts";

/** The options that every command has. */
export interface GlobalOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** All settings; rejects with `ConfigFaults`. */
export async function readSettings({ config }: GlobalOptions): Promise<Settings> {
  // Only here: to make this schema takes longer than all else that most commands do.
  const { fileFaults, settingsSchema } = await import("../src/settings.ts");
  const settings = read(config, settingsSchema, undefined);
  const faults = fileFaults(settings, { file: config, base: baseOf(config) });
  if (faults.length > 0) throw new ConfigFaults(config, faults);
  return settings;
}

/** The data directory, whatever else the file says: to find a gateway that runs no more is needed. */
export function readDataDirectory({ config }: GlobalOptions): string {
  return resolve(baseOf(config), read(config, dataSetting, "data"));
}

/** Which database the gateway works on, whatever else the file says. */
export function readDatabase(options: GlobalOptions): {
  readonly dataDirectory: string;
  readonly databaseUrl: string | undefined;
} {
  const { url } = read(options.config, databaseSettings, "database");
  const databaseUrl = url === "" ? undefined : url;
  return { dataDirectory: readDataDirectory(options), databaseUrl };
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
