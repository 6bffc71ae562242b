import type { Clock } from "../model/clock.ts";
import type { BindEvent } from "../model/event.ts";
import type { TraceLine } from "../model/message.ts";

/** What was done for the scripts of a bind while they decided, without secrets, for its trace. */
export interface BindNotes {
  note(event: BindEvent, facts: TraceLine["facts"]): void;
  take(event: BindEvent): readonly TraceLine[];
}

export function createBindNotes(clock: Pick<Clock, "nowMs">): BindNotes {
  const notes = new WeakMap<BindEvent, TraceLine[]>();
  return {
    note(event, facts) {
      const lines = notes.get(event) ?? [];
      lines.push({ at: clock.nowMs(), what: "call", facts });
      notes.set(event, lines);
    },
    take: (event) => notes.get(event) ?? [],
  };
}
