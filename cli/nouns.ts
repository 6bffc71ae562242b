import type { Command } from "commander";

/** Adds a noun, which may be a command by itself. */
type Add = (program: Command) => void;

/** Every noun of the command line, in the order in which the help lists them. */
const NOUNS: Readonly<Record<string, () => Promise<Add>>> = {
  start: async () => (await import("./start.ts")).addStart,
  status: async () => (await import("./status.ts")).addStatus,
  config: async () => (await import("./config.ts")).addConfig,
  trace: async () => (await import("./trace.ts")).addTrace,
  message: async () => (await import("./message.ts")).addMessage,
  queue: async () => (await import("./queue.ts")).addQueue,
  deadletter: async () => (await import("./dead-letter.ts")).addDeadLetter,
  report: async () => (await import("./report.ts")).addReport,
  route: async () => (await import("./route.ts")).addRoute,
  channel: async () => (await import("./channel.ts")).addChannel,
  session: async () => (await import("./session.ts")).addSession,
  trigger: async () => (await import("./trigger.ts")).addTrigger,
  datasource: async () => (await import("./datasource.ts")).addDatasource,
  kv: async () => (await import("./kv.ts")).addKv,
  webhook: async () => (await import("./webhook.ts")).addWebhook,
  dialog: async () => (await import("./dialog.ts")).addDialog,
  number: async () => (await import("./number.ts")).addNumber,
  optout: async () => (await import("./optout.ts")).addOptOut,
  account: async () => (await import("./account.ts")).addAccount,
  ledger: async () => (await import("./ledger.ts")).addLedger,
  record: async () => (await import("./record.ts")).addRecord,
  apikey: async () => (await import("./apikey.ts")).addApikey,
  admin: async () => (await import("./admin.ts")).addAdmin,
  cert: async () => (await import("./cert.ts")).addCert,
  log: async () => (await import("./log.ts")).addLog,
  privacy: async () => (await import("./privacy.ts")).addPrivacy,
  db: async () => (await import("./db.ts")).addDb,
  sms: async () => (await import("./sms.ts")).addSms,
  error: async () => (await import("./error.ts")).addError,
  simulate: async () => (await import("./simulate.ts")).addSimulate,
  load: async () => (await import("./load.ts")).addLoad,
  conformance: async () => (await import("./conformance.ts")).addConformance,
};

/**
 * Adds the nouns that are named among the arguments, or all when none is, as for `--help`. What the others
 * need is not read: that is half of the time that a short command takes. One too many (a file of the name
 * of a noun) does no harm.
 */
export async function addNouns(program: Command, args: readonly string[]): Promise<void> {
  const all = Object.entries(NOUNS);
  const named = all.filter(([noun]) => args.includes(noun));
  const wanted = named.length > 0 ? named : all;
  const adds = await Promise.all(wanted.map(([, read]) => read()));
  for (const add of adds) add(program);
}
