import { GatewayError } from "../model/error.ts";
import { type RecordFormat, recordFormats } from "../model/record.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";

/** A day in UTC: `2026-11-20`. */
const daySchema = { type: "string", pattern: "^\\d{4}-\\d{2}-\\d{2}$" } as const;

const wanted = {
  type: "object",
  additionalProperties: false,
  required: ["day", "format"],
  properties: { day: daySchema, format: { type: "string", enum: recordFormats } },
} as const;

const TYPES: Readonly<Record<RecordFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  jsonl: "application/x-ndjson",
};

/** Records for billing: found by any id or a number, and those of a day as a file. */
export const recordRoutes: Routes = (server, { store: { records }, log }) => {
  server.get<{ Params: { key: string } }>(
    "/v1/records/:key",
    { schema: { params: { type: "object", properties: { key: nameSchema } } } },
    async ({ params: { key } }) => {
      const found = await records.find(key);
      if (found.length === 0)
        throw new GatewayError("unknown_message_id", `no message is known by ${key}`);
      return found;
    },
  );
  server.get<{ Params: { day: string } }>("/v1/record-days/:day", async ({ params: { day } }) => ({
    day: theDay(day),
    messagesEstimated: await records.estimate(day),
  }));
  // As fast as it is read; who gets less than all of it sees the connection break.
  server.post<{ Body: { readonly day: string; readonly format: RecordFormat } }>(
    "/v1/record-exports",
    { schema: { body: wanted } },
    async (request, reply) => {
      const { format } = request.body;
      const day = theDay(request.body.day);
      // It says who wrote to whom, so who took it is told like a change.
      log.info({ day, format, by: operatorOf(request) }, "records taken");
      const text = records.text(day, format);
      text.once("error", (cause) => log.warn({ day, err: cause }, "records were broken off"));
      return reply.type(TYPES[format]).send(text);
    },
  );
};

function theDay(text: string): string {
  const ms = Date.parse(`${text}T00:00:00Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text)
    throw new GatewayError("bad_request", `${text} is no day; write it as 2026-11-20.`);
  return text;
}
