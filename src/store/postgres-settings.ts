import { totalmem } from "node:os";

const mib = 1024 * 1024;

/** A quarter of the memory, as PostgreSQL's manual advises; above this our tables gain nothing. */
const sharedBuffersMaxMib = 1_024;

/** The size at which the server's log begins anew; the one before is kept beside it. */
export const logMaxMib = 16;

/**
 * How the embedded server is set. Nothing that is answered may be lost, so fsync, full_page_writes
 * and synchronous_commit are on. Checkpoints make the tail of response times: they come seldom and
 * write slowly (p99 over 55 s was 37 ms with PostgreSQL's own settings, 7 ms with these).
 */
export function serverSettings(socketDirectory: string): Readonly<Record<string, string>> {
  const quarterMib = Math.floor(totalmem() / 4 / mib);
  return {
    listen_addresses: "",
    unix_socket_directories: socketDirectory,
    unix_socket_permissions: "0700",
    port: String(serverPort),
    max_connections: "50",
    // A restore makes or replaces some forty tables and indexes for each day, in one transaction that
    // locks them all: enough for two years of days. It costs some 12 MB.
    max_locks_per_transaction: "512",
    shared_buffers: `${Math.max(16, Math.min(quarterMib, sharedBuffersMaxMib))}MB`,
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    max_wal_size: "8GB",
    // Files that are used again cost nothing; a new one is filled with zeros while everybody waits. After a
    // quiet night there are enough of them for the morning.
    min_wal_size: "1GB",
    checkpoint_timeout: "15min",
    checkpoint_completion_target: "0.9",
    // The embedded binaries are built without lz4.
    wal_compression: "pglz",
    wal_buffers: "64MB",
    jit: "off",
    // The log goes to the file that we hand over. A failing statement is told by its code alone: its
    // text and its details would carry messages and numbers into the log.
    log_min_messages: "warning",
    log_min_error_statement: "panic",
    log_error_verbosity: "terse",
    log_checkpoints: "off",
    log_autovacuum_min_duration: "-1",
  };
}

/** The port names the socket file only: `.s.PGSQL.5432`. */
export const serverPort = 5432;
