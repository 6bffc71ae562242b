import { GatewayError } from "../src/model/error.ts";
import { z } from "../src/config/schema.ts";
import { eventFrom, type RecordedEvent } from "../src/trigger/event-file.ts";
import { askForFlow, refusalIn } from "./gateway.ts";
import { linesOf } from "./lines.ts";
import type { GlobalOptions } from "./settings.ts";

/** Which of the events that the gateway has recorded; all of what is kept when nothing is named. */
export interface EventsWanted {
  /** All of one life, by any of its ids. */
  readonly message?: string | undefined;
  /** What came of the last so many messages. */
  readonly last?: number | undefined;
  readonly sinceMs?: number | undefined;
  readonly account?: string | undefined;
}

/** Characters: 64 KiB of a message_payload in hex, its text and 16 KiB of calls, each once more. */
const lineCharactersMax = 1_048_576;

const endShape = z.object({ end: z.object({ messages: z.int(), events: z.int() }) });

/**
 * The events as the running gateway has them, newest message first, each message before what came of it.
 * Rejects with the gateway's own error, and when the answer ends before its end.
 */
export async function* recordedEvents(
  options: GlobalOptions,
  wanted: EventsWanted,
): AsyncGenerator<RecordedEvent> {
  const query = { ...wanted };
  const chunks = await askForFlow(options, { method: "GET", path: "/v1/events", query });
  for await (const line of linesOf(chunks, lineCharactersMax)) {
    const refused = refusalIn(line);
    if (refused !== undefined) throw refused;
    if (endShape.safeParse(line).success) return;
    yield eventFrom(line, "an event of the gateway");
  }
  throw new GatewayError("internal", "the gateway's answer ended in the middle");
}
