import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { Router } from "../route/question.ts";
import { type PlannedMessage, plannedFrom, planRoutes } from "../gateway/route-plan.ts";
import { GatewayError } from "../model/error.ts";
import { tableOptions } from "./number-tables.ts";
import { progressLines, progressType } from "./progress.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";
import { takeUpload } from "./upload.ts";

/** Lives read at a time: some 20 ms for the database, between which it does its own work. */
const livesPerPage = 50;

/** Messages of one plan, the newest; at 1,000 a second that is the last minute and a half. */
const messagesMax = 100_000;

/** Octets of a configuration. */
const textOctetsMax = 1_048_576;

const wanted = {
  type: "object",
  required: ["sinceMs"],
  additionalProperties: false,
  properties: {
    ...tableOptions,
    sinceMs: { type: "integer", minimum: 0 },
    last: { type: "integer", minimum: 1, maximum: messagesMax, default: messagesMax },
    /** The file is a number table of this name, not a configuration. */
    table: nameSchema,
  },
} as const;
