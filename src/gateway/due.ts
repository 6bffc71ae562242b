import type { Clock } from "../model/clock.ts";
import type { Log } from "../model/log.ts";
import type { TraceLine } from "../model/message.ts";
import type { Writer } from "../store/writer.ts";
import type { SendRow } from "./finish.ts";

/** A scheduled message goes into the queue, as far as anybody sees; it is in the table already. */
export function createDue(parts: {
  readonly writer: Pick<Writer, "conclude">;
  readonly clock: Clock;
  readonly log: Log;
}): (row: SendRow) => void {
  const { writer, clock, log } = parts;
  return ({ id, message: { root } }) => {
    const atMs = clock.nowMs();
    const lines: TraceLine[] = [{ at: atMs, what: "due", facts: { message: id } }];
    const nothing = { error: undefined, tell: [], later: undefined, done: undefined };
    writer
      .conclude({ ...nothing, id, root, status: "QUEUED", atMs, lines })
      .catch((cause: unknown) => log.error({ message: id, err: cause }, "not marked as due"));
  };
}
