import type { DatabaseView, DiskView, StatusView } from "../src/model/view.ts";
import { lastErrorText, stateText } from "./channel-state.ts";
import { age, count, size, overdue, paint, pairs, table } from "./print.ts";

/** The whole gateway on one screen: what is wrong, then its channels, then all else. */
export function overview(status: StatusView): string {
  const { version, pid, sinceMs, well, troubles, warnings } = status;
  const how = well
    ? paint("green", "is well")
    : paint("red", `is not well: ${count(troubles.length, "trouble")}`);
  const lines = [`Signalbox ${version} ${how}; up ${age(sinceMs)}, process ${pid}`];
  if (troubles.length > 0) lines.push("", ...troubles.map((text) => paint("red", `! ${text}`)));
  if (warnings.length > 0) lines.push("", ...warnings.map((text) => paint("yellow", `- ${text}`)));
  lines.push("", channels(status), "", pairs(facts(status)));
  return lines.join("\n");
}

function channels({ channels: all }: StatusView): string {
  if (all.length === 0) return "No channels.";
  const columns = ["channel", "state", "for", "sessions", "queued", "oldest", "in flight"];
  return table(
    [...columns, "uncertain", "last error"],
    all.map((one) => [
      one.name,
      stateText(one),
      age(one.sinceMs),
      one.sessions,
      one.queued,
      overdue(one.oldestDueMs),
      one.inFlight,
      one.uncertain,
      lastErrorText(one),
    ]),
  );
}

function facts(status: StatusView): (readonly [string, string])[] {
  const { triggers, database, disk, uncertain, unmatchedReports, deadLetters } = status;
  const rows: (readonly [string, string])[] = [
    ["triggers", triggersText(triggers)],
    ["database", databaseText(database)],
  ];
  if (disk !== undefined) rows.push(["disk", diskText(disk)]);
  rows.push(
    ["uncertain", counted(uncertain, "message", "signalbox message list --uncertain")],
    ["unmatched", counted(unmatchedReports, "report", "signalbox report unmatched")],
    ["given up", counted(deadLetters, "dead letter", "signalbox deadletter list")],
  );
  return rows;
}

function triggersText({ active, broken, quarantined }: StatusView["triggers"]): string {
  const words = [`${active} active`];
  if (broken.length > 0) words.push(paint("red", `broken: ${broken.join(", ")}`));
  if (quarantined.length > 0) words.push(paint("red", `in quarantine: ${quarantined.join(", ")}`));
  return words.join("; ");
}

function databaseText({ embedded, version, where, reachable, waiting, octets }: DatabaseView) {
  const words = [`${embedded ? "own " : ""}PostgreSQL ${version} at ${where}`];
  words.push(reachable ? paint("green", "reachable") : paint("red", "not reachable"));
  if (octets !== undefined) words.push(size(octets));
  words.push(`${count(waiting, "operation")} ${waiting === 1 ? "waits" : "wait"}`);
  return words.join(", ");
}

function diskText({ path, freeMib, minFreeMib, low }: DiskView): string {
  const free = `${Math.floor(freeMib)} MiB free`;
  const least = minFreeMib === 0 ? "" : `, new messages are refused below ${minFreeMib}`;
  return `${low ? paint("red", free) : free}${least}; ${path}`;
}

/** None needs no looking into. */
function counted(number: number, one: string, command: string): string {
  return number === 0 ? paint("dim", "none") : `${count(number, one)}: ${command}`;
}
