import { type Status, predecessors } from "../model/status.ts";
import { arrayText } from "./array-text.ts";
import type { Step } from "./pipeline.ts";
import { uuidArray } from "./binary-array.ts";

/** A status that a message takes, unless it has gone further already. */
export interface Move {
  readonly id: string;
  readonly root: string;
  readonly status: Status;
  readonly error: string | undefined;
  readonly atMs: number;
  /** Its attempt takes it too, because a report is the answer to that. */
  readonly reported: boolean;
}

/** Statuses of an attempt that a report, or the end of waiting for it, may still change. */
const UNREPORTED: readonly Status[] = ["SENT", "NOREPORT"];

/** Statuses in the order in which a message goes through them, so that a flush never goes back. */
const PROGRESS: readonly Status[] = ["QUEUED", "SENDING", "SENT", "NOREPORT"];

/**
 * One call for each outcome that occurs, which is one or two in nearly every flush: so rows can be
 * addressed by an array of ids. Outcomes that come first in a life go first.
 */
export function settleSteps(moves: readonly Move[]): Step[] {
  const groups = new Map<string, Move[]>();
  for (const move of withoutOvertaken(moves)) {
    const key = `${move.status} ${move.error ?? ""}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [move]);
    else group.push(move);
  }
  return [...groups.values()].sort((one, other) => rank(one) - rank(other)).flatMap(stepsOfGroup);
}

/**
 * Its report is often in the same flush as the answer of its provider: DELIVERED may follow whatever SENT may, and decides
 * of its charge the same, so the row is written once.
 */
function withoutOvertaken(moves: readonly Move[]): readonly Move[] {
  const delivered = new Set<string>();
  for (const { id, status } of moves) if (status === "DELIVERED") delivered.add(id);
  return delivered.size === 0
    ? moves
    : moves.filter(({ id, status }) => status !== "SENT" || !delivered.has(id));
}

function rank(group: readonly Move[]): number {
  const at = PROGRESS.indexOf(group[0]?.status ?? "QUEUED");
  return at === -1 ? PROGRESS.length : at;
}

function stepsOfGroup(group: readonly Move[]): Step[] {
  const first = group[0];
  if (first === undefined) throw new Error("a group of moves is never empty");
  const { status } = first;
  const error = first.error ?? null;
  const from = predecessors(status);
  const ids = group.map((move) => move.id);
  const roots = group.map((move) => move.root);
  const { lowest, highest } = boundsOf([...ids, ...roots]);
  const at = String(Math.max(...group.map((move) => move.atMs)) / 1000);
  const states = [uuidArray(ids), uuidArray(roots), lowest, highest, status, error, at];
  const settle = { name: "settle", values: [...states, arrayText(from)] };
  const reported = group.filter((move) => move.reported).map((move) => move.id);
  if (reported.length === 0) return [settle];
  const bounds = boundsOf(reported);
  const attempts = [uuidArray(reported), bounds.lowest, bounds.highest, status, error];
  return [settle, { name: "reported", values: [...attempts, openFor(status)] }];
}

/** From which an attempt may take this status; never a step back. */
export function openFor(status: Status): string {
  const from = predecessors(status);
  return arrayText(UNREPORTED.filter((one) => from.includes(one)));
}

/** The smallest and the largest id, so that only the days between are looked at. */
export function boundsOf(ids: readonly string[]): { lowest: string; highest: string } {
  let lowest = ids[0] ?? "";
  let highest = lowest;
  for (const id of ids) {
    if (id < lowest) lowest = id;
    if (id > highest) highest = id;
  }
  return { lowest, highest };
}
