import { GatewayError } from "../model/error.ts";
import { type LogLevel, levelForMsMax } from "../model/log.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

const change = {
  type: "object",
  additionalProperties: false,
  required: ["level"],
  properties: {
    channel: nameSchema,
    level: { type: "string", enum: ["error", "warn", "info", "debug", "pdu"] },
    forMs: { type: "integer", minimum: 1, maximum: levelForMsMax },
  },
} as const;

interface Change {
  readonly channel?: string;
  readonly level: LogLevel;
  readonly forMs?: number;
}

/** What the log tells, changed while the gateway runs; a change falls back by itself. */
export const logLevelRoutes: Routes = (server, { gateway, levels, log }) => {
  server.get("/v1/log-levels", async () => levels.list());
  server.put<{ Body: Change }>("/v1/log-levels", { schema: { body: change } }, async (request) => {
    const { channel, level, forMs } = request.body;
    if (channel !== undefined && !gateway.channels().some(({ name }) => name === channel))
      throw new GatewayError("unknown_channel", `there is no channel ${channel}`);
    const facts = { about: channel ?? "everything", level, forMs, by: operatorOf(request) };
    const tell = (): void => log.warn(facts, "log level changed");
    // Under the old level or the new one, so that it is told whichever of them is `error`.
    const isTold = levels.allows("warn", undefined);
    if (isTold) tell();
    levels.set({ channel, level, forMs });
    if (!isTold) tell();
    return levels.list();
  });
};
