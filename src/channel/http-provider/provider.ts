import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { type ConfigFault, load } from "../../config/load.ts";
import { type HttpAnswer, type Verdict, answersBy } from "./answers.ts";
import { exampleFaults } from "./examples.ts";
import { type ProviderRequest, checkRequest, namesOf, writeRequest } from "./requests.ts";
import type { Blame } from "./rule.ts";
import { type CallbackAuth, type Example, type ProviderFile, providerSchema } from "./schema.ts";
import type { Values } from "./template.ts";
import { type Reading, readingsOf } from "./told.ts";

/** A provider that is asked over HTTP, as its data file says. */
export interface Provider {
  readonly description: string;
  /** Names that the channel's `values` must have. */
  readonly values: readonly string[];
  /** What its templates name. */
  readonly names: ReadonlySet<string>;
  /** A text may go with a header of its own, such as that of a part. */
  readonly takesHeader: boolean;
  readonly takesBinary: boolean;
  request(kind: "text" | "binary", values: Values): ProviderRequest;
  verdict(answer: HttpAnswer): Verdict;
  /** undefined: it calls nobody back. */
  readonly callbacks:
    | { readonly auth: CallbackAuth; readonly readings: readonly Reading[] }
    | undefined;
  readonly examples: readonly Example[];
}

/** A name without `.` and `/` is one of ours; all else is a file. */
const shippedName = /^[a-z][a-z0-9-]*$/;

/**
 * Reads the provider that a channel names; `base` is what a file's path is relative to. The examples that
 * the file holds are tried, and what does not come out as they say is a fault as any other. Called once per
 * channel at the start, and by `config check`.
 */
export function readProvider(
  name: string,
  base: string,
): Provider | { readonly faults: readonly ConfigFault[] } {
  const path = shippedName.test(name) ? shippedPath(name) : resolve(base, name);
  if (path === undefined) {
    const text = `is no provider; shipped are ${shippedProviders().join(", ")}; name a file as ./${name}.yaml`;
    return { faults: [{ file: name, line: 0, column: 0, path: "", text }] };
  }
  const result = load({ path, schema: providerSchema, env: {} });
  // A file that is not there is told with advice about the file of the settings.
  if ("faults" in result)
    return {
      faults: result.faults.map((fault) => ({
        ...fault,
        text: fault.text.replace("; name another file with --config", `: ${name}`),
      })),
    };
  const faults: ConfigFault[] = [];
  const blame: Blame = (at, text) =>
    faults.push({ file: path, line: 1, column: 1, path: at.join("."), text });
  const provider = providerOf(result.settings, blame);
  if (faults.length === 0)
    for (const { at, text } of exampleFaults(provider)) blame(["examples", at], text);
  return faults.length === 0 ? provider : { faults };
}

function providerOf(file: ProviderFile, blame: Blame): Provider {
  const { values, words, send, binary, callbacks } = file;
  checkRequest(send, ["send"], { values, blame });
  if (binary !== undefined) checkRequest(binary, ["binary"], { values, blame });
  const names = new Set([...namesOf(send), ...(binary === undefined ? [] : namesOf(binary))]);
  return {
    description: file.description,
    values,
    names,
    takesHeader: namesOf(send).includes("udh"),
    takesBinary: binary !== undefined,
    request: (kind, given) => writeRequest(kind === "text" ? send : (binary ?? send), words, given),
    verdict: answersBy(file.answer, blame),
    callbacks: callbacks && { auth: callbacks.auth, readings: readingsOf(callbacks, blame) },
    examples: file.examples,
  };
}

/** The names of the providers that are shipped, in order. */
export function shippedProviders(): readonly string[] {
  return readdirSync(import.meta.dirname)
    .flatMap((file) => /^(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort();
}

function shippedPath(name: string): string | undefined {
  return shippedProviders().includes(name)
    ? resolve(import.meta.dirname, `${name}.yaml`)
    : undefined;
}
