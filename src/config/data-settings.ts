import { z } from "./schema.ts";

// Where a gateway keeps what it knows. In a file of its own, because that is all that most commands read of the
// configuration: to make the schema of the whole takes longer than everything else that they do.

export const dataSetting = z
  .string()
  .min(1)
  .default("./data")
  .describe("Directory for the embedded database and the admin socket, relative to this file.");

export const databaseSettings = z
  .strictObject({
    url: z
      .string()
      .default("")
      .meta({ secret: true })
      .describe("PostgreSQL to use, `postgres://user:password@host/name`; empty runs our own."),
  })
  .prefault({})
  .describe("Where messages are kept.");
