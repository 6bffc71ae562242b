import type { AccountOptions } from "../model/account-options.ts";
import type { Sms } from "../model/message.ts";
import type { Report } from "../model/report.ts";
import { receiptSms } from "../smpp/receipt.ts";
import { version34 } from "../smpp/version.ts";

/** Who reads a receipt: how his account wants it, and the interface_version of the session. */
export type Reader = Pick<
  AccountOptions,
  "receiptTemplate" | "receiptDates" | "receiptTlvs" | "receiptAs"
> & { readonly version: number };

/**
 * What a customer is handed of a report, in the form that he can read: before 3.4 there are neither
 * TLVs nor a data_sm (SMPP v3.4 §2.10). `way` is whose report goes to whom.
 */
export function receiptFor(
  report: Report,
  way: Sms,
  reader: Reader,
): { readonly command: AccountOptions["receiptAs"]; readonly sms: Sms } {
  const isModern = reader.version >= version34;
  const sms = receiptSms(report, way, {
    template: reader.receiptTemplate,
    dates: reader.receiptDates,
    tlvs: isModern && reader.receiptTlvs === "auto",
  });
  const own = way.tlvs.length === 0 ? sms : withOwn(sms, way);
  return { command: isModern ? reader.receiptAs : "deliver_sm", sms: own };
}

/** What a script wants in the receipt replaces what a receipt has of the same tag. */
function withOwn(sms: Sms, { tlvs }: Sms): Sms {
  const tags = new Set(tlvs.map(({ tag }) => tag));
  return { ...sms, tlvs: [...sms.tlvs.filter(({ tag }) => !tags.has(tag)), ...tlvs] };
}
