import type { Command } from "commander";
import { addTriggerList } from "./trigger-list.ts";
import { addTriggerReplay } from "./trigger-replay.ts";
import { addTriggerNew } from "./trigger-new.ts";
import { addTriggerCheck } from "./trigger-check.ts";
import { addTriggerRun } from "./trigger-run.ts";
import { addTriggerTest } from "./trigger-test.ts";
import { addTriggerVersions } from "./trigger-versions.ts";

/** `signalbox trigger …` */
export function addTrigger(program: Command): void {
  const trigger = program.command("trigger").description("scripts that decide");
  addTriggerNew(trigger);
  addTriggerCheck(trigger);
  addTriggerTest(trigger);
  addTriggerRun(trigger);
  addTriggerReplay(trigger);
  addTriggerList(trigger);
  addTriggerVersions(trigger);
}
