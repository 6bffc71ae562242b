import { type ConfigFault, faultLine } from "../config/load.ts";
import { GatewayError } from "../model/error.ts";
import type { HttpClientSettings } from "./http-client-settings.ts";
import { type Provider, readProvider } from "./http-provider/provider.ts";
import { type CodeTable, readCodeTable } from "./report-codes/table.ts";

/** What the settings of one channel name by files. */
export interface HttpClientFiles {
  readonly provider: Provider;
  readonly codes: CodeTable;
}

/** Throws `bad_configuration` that names the first fault. Called once, when the channel is opened. */
export function httpClientFiles(
  settings: HttpClientSettings,
  host: { readonly name: string; readonly base: string },
): HttpClientFiles {
  const read = readFiles(settings, host.base);
  if (!("faults" in read)) return read;
  const [first] = read.faults;
  const why = first === undefined ? settings.provider : faultLine(first);
  throw new GatewayError("bad_configuration", `channels.${host.name}: ${why}`);
}

/**
 * All that is wrong with these files, and with what they want of the settings. Those of no file have the
 * setting as their path. Asked by `config check`.
 */
export function httpClientFaults(
  settings: HttpClientSettings,
  base: string,
): readonly ConfigFault[] {
  const read = readFiles(settings, base);
  return "faults" in read ? read.faults : [];
}

function readFiles(
  settings: HttpClientSettings,
  base: string,
): HttpClientFiles | { readonly faults: readonly ConfigFault[] } {
  const provider = readProvider(settings.provider, base);
  const codes = readCodeTable(settings.reports.codes, base);
  const faults = [
    ...("faults" in provider ? told(provider.faults, "provider") : wants(settings, provider)),
    ...("faults" in codes ? told(codes.faults, "reports.codes") : []),
  ];
  if (faults.length > 0 || "faults" in provider || "faults" in codes) return { faults };
  return { provider, codes };
}

/** Where there is no file, the setting is to blame. */
function told(faults: readonly ConfigFault[], setting: string): readonly ConfigFault[] {
  return faults.map((fault) => (fault.line === 0 ? { ...fault, path: setting } : fault));
}

function wants(
  { provider: file, values, callbacks }: HttpClientSettings,
  provider: Provider,
): readonly ConfigFault[] {
  const faults: ConfigFault[] = [];
  const blame = (path: string, text: string): void =>
    void faults.push({ file, line: 0, column: 0, path, text });
  for (const name of provider.values)
    if ((values[name] ?? "") === "") blame("values", `must have ${name}, which its file wants`);
  for (const name of Object.keys(values))
    if (!provider.values.includes(name))
      blame("values", `has ${name}, which its file does not know`);
  if (callbacks === undefined) return faults;
  if (provider.callbacks === undefined)
    blame("callbacks", "is set, and the provider's file has none");
  else if (provider.callbacks.auth.kind !== "path" && callbacks.secret === undefined)
    blame("callbacks.secret", "must be set: by it this provider's callbacks are known");
  return faults;
}
