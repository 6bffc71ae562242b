import type { TriggerDisabled } from "../model/trigger-version.ts";
import type { TriggerView } from "../model/view.ts";
import { chosenBy } from "./canary.ts";
import type { Fault } from "./position.ts";
import type { LiveTrigger } from "./routes.ts";
import type { ScriptFile } from "./scripts.ts";

/** What the list asks the engine for. */
export interface ListingParts {
  disabledBy(name: string): TriggerDisabled | undefined;
  /** Channels that the trigger names and that are not there. */
  unknownChannels(trigger: LiveTrigger): readonly string[];
  nowMs(): number;
}

/** Every trigger of a file, that of a canary besides; or that the file has none because it is broken. */
export function viewsOf(file: ScriptFile, parts: ListingParts): TriggerView[] {
  const { script, candidate } = file;
  if (script === undefined) return [brokenView(file)];
  return [...script.triggers, ...(candidate?.triggers ?? [])].map((trigger) =>
    viewOf(trigger, file, parts),
  );
}

function viewOf(trigger: LiveTrigger, file: ScriptFile, parts: ListingParts): TriggerView {
  const { name, event, order, version, script, runs, faults, lastFault, schedule } = trigger;
  return {
    name,
    event,
    file: file.file,
    order,
    version,
    runs,
    faults,
    meanMs: runs === 0 ? 0 : trigger.us / runs / 1_000,
    p99Ms: trigger.took.p99() / 1_000,
    cpuMs: trigger.cpuUs / 1_000,
    ...(lastFault === undefined ? {} : { lastFault }),
    ...(schedule === undefined ? {} : { nextMs: schedule.next(parts.nowMs()) }),
    sinceMs: script.sinceMs,
    ...stateOf(trigger, file, parts),
  };
}

type State = Pick<TriggerView, "state" | "detail"> &
  Partial<Pick<TriggerView, "sinceMs" | "source">>;

/** The worst first: what an operator must know of it. */
function stateOf(trigger: LiveTrigger, file: ScriptFile, parts: ListingParts): State {
  const { name, version, quarantine } = trigger;
  const off = parts.disabledBy(name);
  if (off !== undefined)
    return { state: "disabled", detail: `never runs, disabled by ${off.by}`, sinceMs: off.atMs };
  if (quarantine !== undefined) return { state: "quarantined", detail: quarantine };
  const running = `version ${version} runs`;
  if (file.fault !== undefined) {
    const detail = `${file.fault.text}; ${running} still`;
    return { state: "broken", detail, sinceMs: file.faultSinceMs, ...sourceOf(file.fault) };
  }
  const wanting = parts.unknownChannels(trigger);
  const more = wanting.length === 0 ? "" : `; there is no channel ${wanting.join(", ")}`;
  const { canary, candidate, pin } = file;
  if (canary !== undefined && trigger.script === candidate)
    return { state: "canary", detail: `${running} for ${chosenBy(canary)}${more}` };
  if (candidate !== undefined)
    return { state: "active", detail: `${running} for all but a canary${more}` };
  if (pin !== undefined && pin.version === version)
    return { state: "rolledBack", detail: `${running}, ${pinText(pin)}${more}`, sinceMs: pin.atMs };
  const next =
    canary === undefined ? "" : `; the next one that is saved runs for ${chosenBy(canary)}`;
  return { state: "active", detail: running + next + more };
}

function pinText({ by, insteadOf, why }: NonNullable<ScriptFile["pin"]>): string {
  const from = insteadOf === undefined ? "what the folder has" : String(insteadOf);
  return `rolled back by ${by} from ${from}${why === "" ? "" : `: ${why}`}`;
}

/** A file of which nothing has ever run: which triggers it would have is not known. */
function brokenView(file: ScriptFile): TriggerView {
  return {
    name: file.file.replace(/\.ts$/, ""),
    event: "",
    file: file.file,
    order: 0,
    version: 0,
    state: "broken",
    detail: `${file.fault?.text ?? ""}; nothing of it runs`,
    ...sourceOf(file.fault),
    sinceMs: file.faultSinceMs,
    runs: 0,
    faults: 0,
    meanMs: 0,
    p99Ms: 0,
    cpuMs: 0,
  };
}

function sourceOf(fault: Fault | undefined): { readonly source?: string } {
  return fault?.source === undefined ? {} : { source: fault.source };
}
