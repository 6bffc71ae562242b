import type { ScheduleEvent } from "../../model/event.ts";
import type { Decided, Schedule } from "../sdk-events.ts";
import { decidedBefore, type Run } from "./run.ts";

/** A schedule that is due, as it crosses into an isolate. */
export type ScheduleTuple = readonly [
  id: string,
  name: string,
  dueMs: number,
  previousMs: number | null,
  late: boolean,
];

export function scheduleTuple(event: ScheduleEvent): ScheduleTuple {
  const { id, name, dueMs, previousMs, late } = event;
  return [id, name, dueMs, previousMs ?? null, late];
}

export function scheduleFrom(tuple: ScheduleTuple, run: Run): Schedule {
  const [id, name, dueMs, previousMs, late] = tuple;
  return {
    id,
    name,
    dueMs,
    previousMs: previousMs ?? undefined,
    late,
    get decided(): readonly Decided[] {
      return decidedBefore(run);
    },
  };
}
