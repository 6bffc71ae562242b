import type { ReportEvent } from "../model/event.ts";
import {
  type IdForm,
  canonicalProviderId,
  idBaseWords,
  providerIdForms,
} from "../model/provider-id.ts";
import type { UnmatchedReason, UnmatchedReportView } from "../model/view.ts";
import type { UnmatchedReport } from "../store/queue.ts";
import type { Candidate } from "../store/candidates.ts";
import type { ReportsTable } from "../store/reports.ts";
import type { SentTo, UnmatchedTable } from "../store/unmatched.ts";
import { fits } from "./chosen.ts";
import type { LaterReport } from "./report.ts";

/** Candidates that are shown of each report. */
const candidatesShown = 3;

/** Reports of which the database is asked in one query. */
const reportsPerQuery = 100;

/** Characters of an id that must be the same for one to be a piece of the other. */
const pieceMin = 4;

/** Milliseconds by which a provider's clock may be ahead of ours. */
const clocksApartMs = 60_000;

export interface UnmatchedParts {
  readonly table: Pick<UnmatchedTable, "sentTo" | "oldestMs">;
  readonly reports: Pick<ReportsTable, "find">;
  readonly groupOf: (channel: string) => string;
  /** Every channel that leads to a provider. */
  readonly channels: () => readonly string[];
}

/** Shows each report whose message is not known with what it may be about, and the likeliest reason. */
export async function explained(
  rows: readonly UnmatchedReport[],
  parts: UnmatchedParts,
): Promise<UnmatchedReportView[]> {
  const oldestMs = await parts.table.oldestMs();
  const views: UnmatchedReportView[] = [];
  for (let at = 0; at < rows.length; at += reportsPerQuery) {
    const some = rows.slice(at, at + reportsPerQuery).map(unpacked);
    const events = some.map(({ event }) => event);
    const channels = parts.channels();
    const [near, named] = await Promise.all([
      parts.table.sentTo(
        events.map(({ from, to, atMs }) => {
          return { numbers: numbersLike([from, to]), beforeMs: atMs + clocksApartMs };
        }),
      ),
      parts.reports.find(
        events.map(({ report: { messageId } }) => {
          return { channels, ids: [messageId, ...keysOf(messageId)] };
        }),
      ),
    ]);
    for (const [n, { row, event }] of some.entries()) {
      const group = parts.groupOf(event.channel);
      const facts: Facts = {
        event,
        oldestMs,
        near: nearest(near[n] ?? [], event),
        named: (named[n] ?? []).map((one) => {
          const { channel } = one.sent.message;
          return { ...one, channel, isOfGroup: parts.groupOf(channel) === group };
        }),
        isOfGroup: ({ channel }) => parts.groupOf(channel) === group,
      };
      views.push(viewOf(row, facts));
    }
  }
  return views;
}

/** Milliseconds by which a date may be wrong that was written in a time zone that we do not know. */
const zonesApartMs = 86_400_000;

interface Facts {
  readonly event: Pick<ReportEvent, "channel" | "atMs" | "from" | "to" | "report">;
  readonly oldestMs: number | undefined;
  /** Messages to its number, the nearest in time first. */
  readonly near: readonly SentTo[];
  /** Messages of any provider that have its id in any form. */
  readonly named: readonly (Candidate & {
    readonly channel: string;
    readonly isOfGroup: boolean;
  })[];
  readonly isOfGroup: (one: SentTo) => boolean;
}

interface Why {
  readonly reason: UnmatchedReason;
  readonly why: string;
}

/** The first that fits, the surest first. Each sentence ends with what to do, where anything can be. */
export function reasonFor({ event, oldestMs, near, named, isOfGroup }: Facts): Why {
  const { channel, report } = event;
  const { messageId, submittedMs } = report;
  if (messageId === "") return { reason: "no_id", why: "The report names no message." };
  const forms = providerIdForms(messageId, undefined, "short");
  const numbers = [event.from, event.to];

  const other = named.find((one) => !one.isOfGroup && isNamed(one.providerId, messageId));
  if (other !== undefined && fits(other, numbers))
    return {
      reason: "id_by_other_group",
      why: `That id is of channel ${other.channel}: give ${channel} and ${other.channel} the same \`group\`, then: signalbox report rematch --all`,
    };
  const ours = named.filter((one) => one.isOfGroup && isNamed(one.providerId, messageId));
  const written = new Set(ours.map((one) => one.providerId.toLowerCase()));
  if (written.size > 1)
    return {
      reason: "id_doubtful",
      why: `Several messages have that id but for zeros: ${[...written].join(", ")}.`,
    };
  if (ours.length > 0)
    return fits(ours[0]!, numbers)
      ? {
          reason: "id_used_again",
          why: "A message with that id was stored after the report: signalbox report rematch --all",
        }
      : {
          reason: "id_used_again",
          why: "That id is only known of a message to another number, which has its report: the provider has used it again for one that is not ours, or that is not kept.",
        };
  for (const one of near.filter(isOfGroup)) {
    const form = forms.find(({ base, key }) => base !== "same" && isKey(one.providerId, key));
    if (form !== undefined) return inOtherBase(form, one, event);
  }
  const cut = near.find((one) => isOfGroup(one) && isPiece(one.providerId, messageId));
  if (cut !== undefined)
    return {
      reason: "id_cut",
      why: `It looks cut off or added to: a message to that number has the id ${cut.providerId}.`,
    };
  if (other !== undefined)
    return {
      reason: "id_by_other_group",
      why: `That id is of channel ${other.channel}, but of another number; if it is the same provider, give ${channel} and ${other.channel} the same \`group\`.`,
    };
  if (submittedMs !== undefined && oldestMs !== undefined && submittedMs < oldestMs - zonesApartMs)
    return {
      reason: "older_than_kept",
      why: `Its message was submitted ${day(submittedMs)}; none before ${day(oldestMs)} is kept any more.`,
    };
  const [first] = near.filter(isOfGroup);
  if (first === undefined)
    return near.length === 0
      ? { reason: "unknown_number", why: "No message to that number is kept." }
      : {
          reason: "unknown_number",
          why: `No message to that number went to this provider, only by ${[...new Set(near.map((one) => one.channel))].join(", ")}.`,
        };
  if (first.providerId === undefined)
    return {
      reason: "id_missing",
      why: "The provider gave no id in its answer to the nearest message to that number.",
    };
  return {
    reason: "other_id",
    why: `Messages to that number have other ids, such as ${first.providerId}${first.reportAsked ? "" : ", for which no report was asked"}.`,
  };
}

function inOtherBase(form: IdForm, one: SentTo, { channel, report }: Facts["event"]): Why {
  return {
    reason: "id_in_other_base",
    why:
      `It is ${one.providerId} of a message to that number, ${idBaseWords[form.base]} ` +
      `(${report.messageId}): set \`reports.idBase: ${form.base}\` for ${channel}, then: signalbox report rematch --all`,
  };
}

function isNamed(providerId: string, messageId: string): boolean {
  return canonicalProviderId(providerId) === canonicalProviderId(messageId);
}

function isKey(providerId: string | undefined, key: string): boolean {
  return providerId !== undefined && canonicalProviderId(providerId) === key;
}

/** Some cut ids at ten digits, some add a suffix of the part or of the bind. */
function isPiece(providerId: string | undefined, messageId: string): boolean {
  if (providerId === undefined) return false;
  const [one, other] = [providerId.toLowerCase(), messageId.toLowerCase()];
  const [piece, whole] = one.length < other.length ? [one, other] : [other, one];
  return piece.length >= pieceMin && (whole.startsWith(piece) || whole.endsWith(piece));
}

function keysOf(messageId: string): string[] {
  return providerIdForms(messageId, undefined, "short").flatMap(({ base, key }) =>
    base === "same" ? [] : [key],
  );
}

/** With and without the sign that says that the country's code is there. */
function numbersLike(numbers: readonly string[]): string[] {
  return numbers.flatMap((number) => {
    if (number === "") return [];
    return number.startsWith("+") ? [number, number.slice(1)] : [number, `+${number}`];
  });
}

function nearest(found: readonly SentTo[], { atMs, report }: Facts["event"]): SentTo[] {
  const aroundMs = report.submittedMs ?? atMs;
  const away = (one: SentTo) => Math.abs(one.atMs - aroundMs);
  return found.toSorted((one, other) => away(one) - away(other));
}

function unpacked(row: UnmatchedReport): {
  readonly row: UnmatchedReport;
  readonly event: LaterReport["event"];
} {
  // Written by report.ts of this program only, so its shape is known.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { event } = JSON.parse(row.payload) as LaterReport;
  return { row, event };
}

function viewOf({ id, state }: UnmatchedReport, facts: Facts): UnmatchedReportView {
  const { channel, atMs, from, to, report } = facts.event;
  const { messageId, state: reported, error } = report;
  const candidates = facts.near
    .slice(0, candidatesShown)
    .map(({ id: message, ...one }) => ({ message, ...one }));
  const known = { id, state, channel, atMs, messageId, reported, error, from, to };
  return { ...known, ...reasonFor(facts), candidates };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
