import { faultLine } from "../config/load.ts";
import { GatewayError } from "../model/error.ts";
import type { Sms, Tlv } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { namedTlvs } from "../model/named-tlvs.ts";
import type { ChannelTlvs } from "../model/tlv.ts";
import { isIntermediate, isReceipt, looksLikeReceipt, reportFrom } from "../smpp/receipt.ts";
import { wallClock } from "../smpp/receipt-time.ts";
import { readCodeTable } from "./report-codes/table.ts";
import { inOurCodes } from "./report-codes/translate.ts";
import { TAG } from "../smpp/tlv.ts";
import type { ReportSettings } from "./report-settings.ts";

/** What a provider's message tells of another one; undefined when it is an SMS. */
export type ReportReader = (sms: Sms) => Report | undefined;

/**
 * Reads the reports of one provider as its channel's settings say. Throws `bad_configuration` that
 * names the place in the table of codes. Called once per channel, at the start.
 */
export function createReportReader(
  settings: ReportSettings,
  host: { readonly name: string; readonly base: string },
  tlvs?: ChannelTlvs,
): ReportReader {
  const { idFrom, timeZone, unknownIs, acceptedIs, enrouteIs, flagless, codes } = settings;
  const reading = { idFrom, clock: wallClock(timeZone), unknownIs, acceptedIs, enrouteIs };
  const table = readCodeTable(codes, host.base);
  if ("faults" in table) {
    const [first] = table.faults;
    const why = first === undefined ? codes : faultLine(first);
    throw new GatewayError("bad_configuration", `channels.${host.name}.reports.codes: ${why}`);
  }
  return (sms) => {
    if (!isReceipt(sms) && !(flagless && looksLikeReceipt(sms))) return undefined;
    const report = inOurCodes(reportFrom(sms, reading), table, isIntermediate(sms));
    return sms.tlvs.some(isMore)
      ? { ...report, tlvs: namedTlvs(sms.tlvs.filter(isMore), tlvs?.declared) }
      : report;
  };
}

/** Does it tell more than what the report has read from it? Most receipts have only these two. */
function isMore({ tag }: Tlv): boolean {
  return tag !== TAG.receipted_message_id && tag !== TAG.message_state;
}
