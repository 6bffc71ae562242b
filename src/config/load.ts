import { readFileSync, statSync } from "node:fs";
import { type Document, LineCounter, parseDocument } from "yaml";
import { replaceReferences } from "./environment.ts";
import { faultText, unknownKeyText } from "./fault-text.ts";
import { nodeAt, offsetOf, type Path, pathText } from "./place.ts";
import { isRecord, shapeOf } from "./shape.ts";
import type { z } from "./schema.ts";

/** One thing that is wrong with the configuration file. */
export interface ConfigFault {
  /** The file's name as it was given. */
  readonly file: string;
  /** Both count from 1; 0 when the file as a whole is meant. */
  readonly line: number;
  readonly column: number;
  /** `channels.SMPP1.port`; empty when the file as a whole is meant. */
  readonly path: string;
  /** What is wrong and what to do, as one line without the value. */
  readonly text: string;
}

/** Octets. A gateway with a thousand channels needs a tenth of this; a log given by mistake is more. */
export const configOctetsMax = 1024 * 1024;

/** More faults than this are not told; the first ones are most likely the cause of the rest. */
export const configFaultsMax = 100;

/**
 * Reads the settings from a YAML 1.2 file, replaces references to the environment in text values and
 * checks all against the schema, whose objects are strict. Tells all faults together in the order of
 * the file; a file that is no YAML has only the faults of its syntax. Called at start, at each change
 * of the file and by commands; never throws for what stands in the file.
 */
export function load<S extends z.ZodType>(options: {
  readonly path: string;
  readonly schema: S;
  readonly env: Readonly<Record<string, string | undefined>>;
  /**
   * Looks at this one setting at the top and nothing else; the schema is then that setting's own. For
   * commands that need no more, so that a fault or a variable missing elsewhere does not stop them.
   */
  readonly only?: string;
  /** What the file would hold, instead of what it holds. */
  readonly text?: string;
}): { readonly settings: z.output<S> } | { readonly faults: readonly ConfigFault[] } {
  const { path: file, schema, env, only } = options;
  const whole = (text: string) => ({ faults: [{ file, line: 0, column: 0, path: "", text }] });

  const text = options.text ?? read(file);
  if (typeof text !== "string") return whole(text.fault);

  const lines = new LineCounter();
  const fault = (offset: number, path: Path, text: string): ConfigFault => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path), text };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = [...document.errors, ...document.warnings];
    const faults = problems.map((problem) => fault(problem.pos[0], [], yamlText(problem.message)));
    if (problems.some((problem) => problem.code !== "DUPLICATE_KEY")) return told(faults);

    const from: Path = only === undefined ? [] : [only];
    const replaced = replaceReferences(nodeAt(document, from) ?? null, env, from);
    for (const { path, node, text } of replaced.faults)
      faults.push(fault(node.range?.[0] ?? 0, path, text));
    const unset = new Set(replaced.faults.map(({ path }) => JSON.stringify(path)));

    const value = () => valueAt(document, only);
    let result = schema.safeParse(value(), { error: faultText });
    if (readAsAsked(result.error?.issues ?? [], replaced.whole, from))
      result = schema.safeParse(value(), { error: faultText });
    for (const issue of result.error?.issues ?? []) {
      const path = [
        ...from,
        ...issue.path.map((step) => (typeof step === "number" ? step : String(step))),
      ];
      // What a missing variable would have said cannot be wrong in another way as well.
      if (unset.has(JSON.stringify(path))) continue;
      if (issue.code === "unrecognized_keys") {
        for (const key of issue.keys) {
          const text = unknownKeyText(shapeOf(schema), value(), path.slice(from.length), key);
          faults.push(fault(offsetOf(document, [...path, key], "key"), [...path, key], text));
        }
      } else {
        const blame = issue.code === "invalid_key" ? "key" : "value";
        faults.push(fault(offsetOf(document, path, blame), path, issue.message));
      }
    }
    if (faults.length > 0 || !result.success) return told(faults);
    return { settings: result.data };
  } catch (error) {
    // What yaml throws instead of reporting: nesting beyond the stack, aliases that multiply.
    return whole(
      `cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** A fault as one line: `signalbox.yaml:7:11: channels.SMPP1.port must be at most 65535`. */
export function faultLine(fault: ConfigFault): string {
  const place = fault.line === 0 ? fault.file : `${fault.file}:${fault.line}:${fault.column}`;
  return `${place}: ${fault.path === "" ? "" : `${fault.path} `}${fault.text}`;
}

function read(file: string): string | { readonly fault: string } {
  try {
    const { size } = statSync(file);
    if (size > configOctetsMax)
      return { fault: `has ${size} octets, more than the ${configOctetsMax} that are read` };
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const code = "code" in error ? String(error.code) : "";
    if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return { fault: "is not UTF-8 text" };
    if (code === "ENOENT") return { fault: "does not exist; name another file with --config" };
    if (code === "EISDIR") return { fault: "is a directory; name a file with --config" };
    if (code === "EACCES") return { fault: "may not be read by this user; mend its rights" };
    return { fault: `cannot be read: ${error.message}` };
  }
}

/** An empty file is one without settings, so that what has no default is told by its name. */
function valueAt(document: Document, only: string | undefined): unknown {
  const all: unknown = document.toJS() ?? {};
  if (only === undefined) return all;
  return isRecord(all) && Object.hasOwn(all, only) ? all[only] : undefined;
}

/** Turns values that are one reference into the number or boolean that was asked for; true if any. */
function readAsAsked(
  issues: readonly z.core.$ZodIssue[],
  whole: ReturnType<typeof replaceReferences>["whole"],
  from: Path,
): boolean {
  let any = false;
  for (const issue of issues) {
    const node = whole.get(JSON.stringify([...from, ...issue.path]));
    if (node === undefined || issue.code !== "invalid_type") continue;
    const text = String(node.value).trim();
    if (issue.expected === "boolean" && (text === "true" || text === "false"))
      node.value = text === "true";
    else if (
      (issue.expected === "number" || issue.expected === "int") &&
      /^-?\d+(\.\d+)?$/.test(text)
    )
      node.value = Number(text);
    else continue;
    any = true;
  }
  return any;
}

function yamlText(message: string): string {
  return message === "Map keys must be unique"
    ? "the same key stands here twice; keep one of the two"
    : `is no valid YAML: ${message.split("\n", 1)[0]}`;
}

function told(faults: ConfigFault[]): { readonly faults: readonly ConfigFault[] } {
  faults.sort((a, b) => a.line - b.line || a.column - b.column);
  return { faults: faults.slice(0, configFaultsMax) };
}
