import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { TriggerView } from "../src/model/view.ts";
import { ask } from "./gateway.ts";
import { age, answer, dateTime, type Paint, paint, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { faultsText } from "./trigger-faults.ts";
import { triggerShape } from "./views.ts";

/** `signalbox trigger list` */
export function addTriggerList(trigger: Command): void {
  trigger
    .command("list")
    .description("show every trigger, in the order in which they run for an event")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(triggerShape);
      const triggers = await ask(options, { method: "GET", path: "/v1/triggers", shape });
      const sorted = triggers.toSorted(
        (a, b) =>
          a.event.localeCompare(b.event) ||
          a.order - b.order ||
          a.name.localeCompare(b.name) ||
          a.version - b.version,
      );
      answer(options, sorted, listed, nextFor(sorted));
    });
}

/** What to do about the worst of them. */
function nextFor(triggers: readonly TriggerView[]): string {
  const first = (state: TriggerView["state"]) => triggers.find((one) => one.state === state);
  const broken = first("broken");
  if (broken !== undefined) return `Mend ${broken.file}: it is loaded at once.`;
  const quarantined = first("quarantined");
  if (quarantined !== undefined)
    return `Mend ${quarantined.file}, or try it once more: signalbox trigger release ${quarantined.name}`;
  const back = first("rolledBack");
  if (back !== undefined)
    return `Mend ${back.file}, or run what the folder has: signalbox trigger rollback ${back.file} --undo`;
  const canary = first("canary");
  if (canary !== undefined)
    return `When it does well: signalbox trigger promote ${canary.file}. Else: signalbox trigger canary ${canary.file} --off`;
  return "Change a file: it is loaded at once. What they decided: signalbox trace <id>";
}

/** The table that `trigger list` and what changes a trigger print. */
export function listed(triggers: readonly TriggerView[]): string {
  if (triggers.length === 0) return "No triggers.";
  const columns = ["event", "order", "trigger", "version", "state", "for", "runs", "faults"];
  const rows = table(
    [...columns, "mean ms", "p99 ms", "CPU ms", "file", "detail"],
    triggers.map((one) => [
      one.event,
      one.order,
      one.name,
      one.version,
      stateText(one.state),
      age(one.sinceMs),
      one.runs,
      one.faults,
      milliseconds(one.meanMs, one.runs),
      milliseconds(one.p99Ms, one.runs),
      Math.round(one.cpuMs),
      one.file,
      one.nextMs === undefined ? one.detail : `${one.detail}; due ${dateTime(one.nextMs)}`,
    ]),
  );
  const faults = faultsText(triggers);
  return faults === "" ? rows : `${rows}\n${faults}`;
}

function milliseconds(ms: number, runs: number): string {
  return runs === 0 ? "" : ms.toFixed(ms < 10 ? 2 : 0);
}

function stateText(state: TriggerView["state"]): string {
  const [colour, words] = STATES[state];
  return paint(colour, words);
}

const STATES: Readonly<Record<TriggerView["state"], readonly [colour: Paint, words: string]>> = {
  active: ["green", "active"],
  broken: ["red", "broken"],
  quarantined: ["red", "quarantined"],
  disabled: ["dim", "disabled"],
  rolledBack: ["yellow", "rolled back"],
  canary: ["yellow", "canary"],
};
