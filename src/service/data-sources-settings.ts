import { z } from "../config/schema.ts";
import type { DataSourceView } from "../model/data-source-view.ts";

/** Goes into scripts as `db.<name>`, so it is a name of JavaScript that needs no quotes. */
const sourceName = z
  .string()
  .regex(
    /^[a-z][A-Za-z0-9_]{0,31}$/,
    "a data source's name is letters, digits and _, at most 32, and begins with a small letter",
  );

/** In place of a URL: our own database, as a role of its own that sees only a schema `scripts`. */
export const ownDatabase = "own";

/** Nothing of the URL is ever told, because a password stands in it. */
const sourceUrl = z.string().superRefine((url, context) => {
  const wrong = url === ownDatabase ? undefined : urlFault(url);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
});

const dataSource = z.strictObject({
  url: sourceUrl
    .meta({ secret: true })
    .describe(
      "`postgres://role:password@host:5432/database?sslmode=verify-full`, or `own` for a schema of our database.",
    ),
  readOnly: z
    .boolean()
    .default(true)
    .describe("true: each statement runs in a read only transaction, which is rolled back."),
  timeoutMs: z
    .int()
    .min(10)
    .max(30_000)
    .default(500)
    .meta({ unit: "ms" })
    .describe("How long a statement may wait for a connection, and how long it may then run."),
  rowsMax: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .meta({ unit: "rows" })
    .describe("Rows of one answer; with more of them the script's call fails."),
  octetsMax: z
    .int()
    .min(1_024)
    .max(16 * 1024 * 1024)
    .default(256 * 1024)
    .meta({ unit: "octets" })
    .describe("Octets of one answer as PostgreSQL sends it; with more the script's call fails."),
  connectionsMax: z
    .int()
    .min(1)
    .max(64)
    .default(4)
    .meta({ unit: "connections" })
    .describe("Connections at most, made when they are needed; further statements wait."),
});

export const dataSourcesSettings = z
  .record(sourceName, dataSource)
  .default({})
  .describe("Databases that triggers may ask, by the name that they have in `db`.");

export type DataSourceSettings = z.infer<typeof dataSource>;

function urlFault(text: string): string | undefined {
  if (!URL.canParse(whole(text)))
    return "is no URL; write postgres://role:password@host:5432/database, with %40 for an @ in the password";
  const url = new URL(whole(text));
  if (url.protocol !== "postgres:" && url.protocol !== "postgresql:")
    return `is a URL of ${url.protocol}; only PostgreSQL can be asked, by postgres://`;
  if (url.hostname === "" && !url.searchParams.has("host"))
    return "names no host; write postgres://role:password@host:5432/database";
  if (url.pathname.length < 2)
    return "names no database; write it behind the host, as in postgres://role:password@host:5432/database";
  return undefined;
}

/** What the settings say of a data source, without its password; also told where no gateway runs. */
export function sourceView(name: string, settings: DataSourceSettings): DataSourceView {
  const { url, ...limits } = settings;
  const none = { calls: 0, errors: 0, meanMs: undefined, lastError: undefined };
  if (url === ownDatabase) {
    const where = "schema scripts of our own database";
    return { name, own: true, where, role: undefined, ...limits, ...none };
  }
  const { hostname, port, pathname, username, searchParams } = new URL(whole(url));
  const folder = searchParams.get("host");
  const where = `${folder ?? `${hostname}:${port || "5432"}`}${pathname}`;
  const role = username === "" ? undefined : decodeURIComponent(username);
  return { name, own: false, where, role, ...limits, ...none };
}

/** Of a server on this machine only the socket's folder is named, as `?host=/run/postgresql`. */
function whole(url: string): string {
  return url.replace("@/", "@localhost/");
}
