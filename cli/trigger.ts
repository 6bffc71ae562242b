import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { TriggerView } from "../src/model/view.ts";
import { ask } from "./gateway.ts";
import { age, answer, paint, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { triggerShape } from "./views.ts";

/** `signalbox trigger …` */
export function addTrigger(program: Command): void {
  const trigger = program.command("trigger").description("scripts that decide");
  trigger
    .command("list")
    .description("show every trigger, in the order in which they run for an event")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(triggerShape);
      const triggers = await ask(options, { method: "GET", path: "/v1/triggers", shape });
      const sorted = triggers.toSorted(
        (a, b) =>
          a.event.localeCompare(b.event) || a.order - b.order || a.name.localeCompare(b.name),
      );
      const broken = triggers.find(({ state }) => state !== "active");
      const next =
        broken === undefined
          ? "Change a file: it is loaded at once. What they decided: signalbox trace <id>"
          : `Mend ${broken.file}: it is loaded at once.`;
      answer(options, sorted, listed, next);
    });
}

function listed(triggers: readonly TriggerView[]): string {
  if (triggers.length === 0) return "No triggers.";
  return table(
    ["event", "order", "trigger", "version", "state", "for", "runs", "faults", "file", "detail"],
    triggers.map((one) => [
      one.event,
      one.order,
      one.name,
      one.version,
      paint(STATES[one.state], one.state),
      age(one.sinceMs),
      one.runs,
      one.faults,
      one.file,
      one.detail,
    ]),
  );
}

const STATES = { active: "green", broken: "red", quarantined: "red" } as const;
