import ivm from "isolated-vm";
import type { CompilePrelude, PreludeTexts } from "./prelude.ts";
import { processorUs } from "./processor-meter.ts";

/** A file's bundle, ready to be run in an isolate of its own. */
export interface Bundle {
  /** The gateway's number for this version of the file. */
  readonly isolate: number;
  /** For stack traces. */
  readonly file: string;
  readonly code: string;
  readonly prelude: keyof PreludeTexts;
}

export interface IsolateLimits {
  readonly isolateMemoryMib: number;
  readonly pumpMs: number;
  readonly loadMs: number;
}

/** The script could not be stopped within its bounds; the isolate is not to be used any more. */
export class Overrun extends Error {
  override readonly name = "Overrun";
  /**
   * Microseconds of processor that it had. Its time limit is by the clock, so with less than that it
   * may be the machine that is to blame. Infinite for what no patience mends.
   */
  readonly processorUs: number;

  constructor(message: string, processorUs = Infinity) {
    super(message);
    this.processorUs = processorUs;
  }
}

export interface Isolate {
  /** What the script registered, as JSON that nobody has checked yet. */
  readonly registered: string;
  /** Lines in, lines out, as `script/runtime.ts` says. Throws `Overrun`. */
  pump(handler: number, lines: string): string;
  dispose(): void;
}

/**
 * Lines that one pump may bring. A full batch of 128 events that make 64 calls each has 8,192; what is
 * more is a flood that would keep the host from everybody else.
 */
const linesMax = 65_536;

/** Characters; 64 triggers with long lists of channels fit many times. */
const registeredCharactersMax = 262_144;

/**
 * Loads a bundle. No function of ours is reachable from inside: text goes in, text comes out. Runs
 * in the host process only, synchronously; throws what the script threw, or `Overrun`.
 */
export function openIsolate(
  bundle: Bundle,
  limits: IsolateLimits,
  preludes: CompilePrelude,
): Isolate {
  const isolate = new ivm.Isolate({ memoryLimit: limits.isolateMemoryMib });
  const applying = { timeout: limits.pumpMs, result: { copy: true } } as const;
  const dispose = () => {
    if (!isolate.isDisposed) isolate.dispose();
  };
  try {
    const context = isolate.createContextSync();
    const run = (script: ivm.Script): unknown =>
      runToEnd((): unknown => script.runSync(context, { timeout: limits.loadMs }));
    run(preludes(isolate, bundle.prelude));
    const ours = context.global.getSync("signalbox", { reference: true });
    const pump = ours.getSync("pump", { reference: true });
    const collect = ours.getSync("collect", { reference: true });
    run(isolate.compileScriptSync(bundle.code, { filename: bundle.file }));
    const registered: unknown = ours.getSync("registered");
    context.global.deleteSync("signalbox");
    if (typeof registered !== "string" || registered.length > registeredCharactersMax)
      throw new Error("the script tampered with its runtime");
    const apply = (call: ivm.Reference, args: readonly (number | string)[]): unknown =>
      runToEnd((): unknown => call.applySync(undefined, [...args], applying));
    return {
      registered,
      pump(handler, lines) {
        let stray = "";
        try {
          apply(pump, [handler, ...piecesOf(lines)]);
        } catch (error) {
          if (error instanceof Overrun) throw error;
          if (isolate.isDisposed) throw new Overrun("used more memory than isolateMemoryMib");
          // What a handler throws is caught inside; this is a rejection that nobody awaited.
          stray = strayRejection(error);
        }
        // V8 drains the promises after pump has returned, so a second call fetches what they brought.
        let told: unknown;
        try {
          told = onlyOneOf(apply(collect, []));
        } catch (error) {
          throw error instanceof Overrun ? error : new Overrun("tampered with its runtime");
        }
        if (typeof told !== "string") throw new Overrun("tampered with its runtime");
        if (hasMoreLines(told)) throw new Overrun(`told more than ${linesMax} lines at once`);
        return stray === "" || told === "" ? stray + told : `${stray}\n${told}`;
      },
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/**
 * isolated-vm keeps a text of 1,024 octets or more outside of V8's heap, where it stays until V8 looks through
 * the whole heap, which a busy isolate with little that lives does after 64 MiB of them. Shorter ones go
 * with the other short-lived objects. Half of it, because a character may take two octets.
 */
const pieceCharacters = 511;

/** Above it, characters: so large a batch is rare, and a call with many thousands of arguments is slow. */
const piecedCharactersMax = 1_048_576;

function piecesOf(text: string): string[] {
  if (text.length <= pieceCharacters || text.length > piecedCharactersMax) return [text];
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += pieceCharacters)
    pieces.push(text.slice(at, at + pieceCharacters));
  return pieces;
}

/** In an array a text is copied as an array is, into V8's heap; by itself it would stay outside, see above. */
function onlyOneOf(collected: unknown): unknown {
  return Array.isArray(collected) ? collected[0] : undefined;
}

function hasMoreLines(text: string): boolean {
  if (text.length <= linesMax) return false;
  let lines = 1;
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1))
    if (++lines > linesMax) return true;
  return false;
}

/** A log line for a promise that was rejected and that no event waits for. */
function strayRejection(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : "something";
  return `G${JSON.stringify(`a promise that nobody awaits was rejected: ${text}`)}`;
}

/** isolated-vm tells a time-out and a full heap by their text alone. */
function runToEnd<T>(run: () => T): T {
  const beforeUs = processorUs();
  try {
    return run();
  } catch (error) {
    const text = error instanceof Error ? error.message : "";
    if (text === "Script execution timed out.") {
      throw new Overrun("computed for too long", processorUs() - beforeUs);
    }
    if (text.startsWith("Isolate was disposed"))
      throw new Overrun("used more memory than isolateMemoryMib");
    throw error;
  }
}
