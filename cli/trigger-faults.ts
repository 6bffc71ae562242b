import type { TriggerView } from "../src/model/view.ts";
import { age, paint } from "./print.ts";
import { sourceLines } from "./steps.ts";

/**
 * What is wrong, below the list of triggers: of each broken file the author's line, of each trigger the
 * last fault of a run with its line. Empty when there is nothing to show.
 */
export function faultsText(triggers: readonly TriggerView[]): string {
  const broken = new Map<string, string[]>();
  const faults: string[] = [];
  for (const { name, file, state, detail, source, lastFault } of triggers) {
    // All triggers of a file tell of the same line.
    if (state === "broken" && source !== undefined)
      broken.set(file, [paint("red", detail), sourceLines(source)]);
    if (lastFault === undefined) continue;
    const { atMs, text } = lastFault;
    faults.push(`${paint("bold", name)}  last fault ${age(atMs)} ago  ${text}`);
    if (lastFault.source !== undefined) faults.push(sourceLines(lastFault.source));
  }
  return [...[...broken.values()].flat(), ...faults].join("\n");
}
