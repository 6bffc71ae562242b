import type { Clock } from "../model/clock.ts";
import type { LoadAnswer } from "./batch.ts";
import type { Built } from "./bundle.ts";
import type { Bundle } from "./isolate.ts";
import { type Fault, placedFault } from "./position.ts";
import { type Registration, registrationsOf } from "./registration.ts";
import type { LiveTrigger, Script } from "./routes.ts";
import { slotOf } from "./slot.ts";
import { createTook } from "./took.ts";

/** A bundle that can be loaded. */
export type GoodBuilt = Built & { readonly ok: true };

/** What is known of a version besides its text. */
export interface Made {
  readonly version: number;
  /** Never ran before: it is kept, and watched for a while. */
  readonly isNew: boolean;
}

export interface Loading {
  /**
   * Loads a file into an isolate of its own; nothing is sent to it yet. `beside` are the scripts that it
   * will run together with: a name of theirs is taken. Gives what is wrong with it if something is.
   */
  load(
    file: string,
    built: GoodBuilt,
    made: Made,
    beside: readonly Script[],
  ): Promise<Script | Fault>;
}

export interface LoadingOwner {
  readonly clock: Clock;
  load(bundle: Bundle): Promise<LoadAnswer>;
  unload(isolate: number): void;
}

export function openLoading(owner: LoadingOwner): Loading {
  let lastIsolate = 0;
  return {
    async load(file, built, made, beside) {
      const isolate = ++lastIsolate;
      const answer = await owner.load({ isolate, file, code: built.code, prelude: "trigger" });
      if ("fault" in answer) return placedFault(answer.fault, file, built.map);
      const registrations = registrationsOf(answer.registered);
      const wrong =
        typeof registrations === "string" ? registrations : nameTaken(registrations, beside);
      if (typeof registrations === "string" || wrong !== undefined) {
        owner.unload(isolate);
        return { text: `${file} ${wrong}` };
      }
      return scriptFrom(registrations, {
        file,
        isolate,
        built,
        made,
        sinceMs: owner.clock.nowMs(),
      });
    },
  };
}

export function isScript(loaded: Script | Fault): loaded is Script {
  return "isolate" in loaded;
}

function nameTaken(
  registrations: readonly Registration[],
  beside: readonly Script[],
): string | undefined {
  for (const { name } of registrations)
    for (const script of beside)
      if (script.triggers.some((trigger) => trigger.name === name))
        return `two triggers of the name ${name}: the other one is in ${script.file}`;
  return undefined;
}

function scriptFrom(
  registrations: readonly Registration[],
  given: {
    readonly file: string;
    readonly isolate: number;
    readonly built: GoodBuilt;
    readonly made: Made;
    readonly sinceMs: number;
  },
): Script {
  const { file, isolate, built, made, sinceMs } = given;
  const triggers: LiveTrigger[] = [];
  const script: Script = {
    isolate,
    file,
    ...made,
    built,
    sinceMs,
    triggers,
    placed: (stack) => placedFault(stack, file, built.map),
    faultShareBefore: 0,
    open: 0,
    retired: false,
  };
  for (const [handler, registration] of registrations.entries())
    triggers.push({
      ...registration,
      file,
      version: script.version,
      slot: slotOf(isolate, handler),
      script,
      quarantine: undefined,
      open: 0,
      runs: 0,
      faults: 0,
      strikes: [],
      us: 0,
      took: createTook(),
      cpuUs: 0,
      lastFault: undefined,
    });
  return script;
}
