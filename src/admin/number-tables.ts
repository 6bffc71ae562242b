import { Readable } from "node:stream";
import type { NumberTableOptions } from "../model/number-table.ts";
import { progressLines, progressType } from "./progress.ts";
import { type Routes, nameSchema, operatorOf } from "./routes.ts";
import { takeUpload } from "./upload.ts";

const place = {
  type: "object",
  required: ["name"],
  properties: { name: nameSchema },
} as const;

/** What an import may say beside the file. */
export const tableOptions = {
  qualityMin: { type: "integer", minimum: 0, maximum: 100 },
  perProvider: { type: "boolean" },
} as const;

const imported = {
  type: "object",
  additionalProperties: false,
  properties: { ...tableOptions, try: { type: "boolean", default: false } },
} as const;

const version = { type: "integer", minimum: 1 } as const;

const atVersion = {
  type: "object",
  additionalProperties: false,
  properties: { version },
} as const;

const asked = {
  type: "object",
  required: ["number"],
  additionalProperties: false,
  properties: { number: nameSchema },
} as const;

interface Place {
  readonly Params: { readonly name: string };
}

interface Import extends Place {
  readonly Querystring: Partial<NumberTableOptions> & { readonly try: boolean };
  readonly Body: Readable;
}

interface AtVersion extends Place {
  readonly Querystring: { readonly version?: number };
}

interface Rollback extends Place {
  readonly Body: { readonly version?: number };
}

interface Asked extends Place {
  readonly Querystring: { readonly number: string };
}

/** Number tables: where numbers go, with prices. A file comes and goes as CSV. */
export const numberTableRoutes: Routes = (server, { numberTables, log }) => {
  server.addContentTypeParser("text/csv", (_request, payload, done) => done(null, payload));

  server.get("/v1/number-tables", () => numberTables.list());

  server.get<Place>("/v1/number-tables/:name/versions", { schema: { params: place } }, (request) =>
    numberTables.versions(request.params.name),
  );

  server.get<Asked>(
    "/v1/number-tables/:name/find",
    { schema: { params: place, querystring: asked } },
    ({ params, query }) => Promise.resolve(numberTables.find(params.name, query.number)),
  );

  server.get<AtVersion>(
    "/v1/number-tables/:name",
    { schema: { params: place, querystring: atVersion } },
    async ({ params, query }, reply) => {
      const lines = await numberTables.export(params.name, query.version);
      return reply.type("text/csv; charset=utf-8").send(Readable.from(lines));
    },
  );

  server.post<Import>(
    "/v1/number-tables/:name",
    { schema: { params: place, querystring: imported } },
    async (request, reply) => {
      const { name } = request.params;
      const { try: isTry, ...options } = request.query;
      const by = operatorOf(request);
      const upload = await takeUpload(request.body);
      async function* steps() {
        try {
          const file = { chunks: upload.chunks(), octets: upload.octets };
          const wanted = { name, options, by, isTry };
          const { examples, ...sums } = yield* numberTables.import(file, wanted);
          // By itself, because the end is logged, and no number of a person may stand there.
          yield { examples };
          return sums;
        } finally {
          await upload[Symbol.asyncDispose]();
        }
      }
      const words = isTry
        ? { finished: "a number table was tried", broken: "a try of a number table failed" }
        : { finished: "a number table was imported", broken: "a number table was refused" };
      const lines = await progressLines(steps(), { as: "imported", ...words, by, log });
      return reply.type(progressType).send(lines);
    },
  );

  server.post<Rollback>(
    "/v1/number-tables/:name/rollback",
    { schema: { params: place, body: atVersion } },
    async (request) => {
      const { name } = request.params;
      const table = await numberTables.rollback(name, request.body.version);
      const facts = { table: name, version: table.version, by: operatorOf(request) };
      log.info(facts, "a number table was rolled back");
      return table;
    },
  );

  server.delete<Place>(
    "/v1/number-tables/:name",
    { schema: { params: place } },
    async (request) => {
      const table = await numberTables.drop(request.params.name);
      log.info({ table: table.name, by: operatorOf(request) }, "a number table was dropped");
      return table;
    },
  );
};
