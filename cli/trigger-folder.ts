import { resolve } from "node:path";
import { baseOf, type GlobalOptions, readSettings } from "./settings.ts";

/** Where the triggers of a command lie, and which channels they may name. */
export interface TriggerFolder {
  readonly directory: string;
  /** undefined: no configuration tells. */
  readonly channels: readonly string[] | undefined;
}

/** That of the configuration, or the one that is named: then no configuration is needed. */
export async function triggerFolder(
  options: GlobalOptions,
  { folder }: { readonly folder?: string },
): Promise<TriggerFolder> {
  if (folder !== undefined) return { directory: resolve(folder), channels: undefined };
  const { triggers, channels } = await readSettings(options);
  return { directory: resolve(baseOf(options.config), triggers), channels: Object.keys(channels) };
}
