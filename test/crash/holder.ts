/** A gateway to be killed: holds the embedded PostgreSQL of a data directory and says its process id. */
import { startPostgres } from "../../src/store/postgres.ts";
import { silentLog } from "../support/database.ts";

const postgres = await startPostgres({ dataDirectory: process.argv[2] ?? "", log: silentLog });
process.send?.(postgres.pid());
// Lives until it is killed; the channel to its parent would keep it no longer than that.
setInterval(() => undefined, 60_000);
