import type { Report } from "../model/report.ts";
import { utc, type WallClock } from "./receipt-time.ts";

/** How the receipts of one provider are to be read, where the specification leaves it open. */
export interface ReceiptReading {
  /** Where the id stands: the first that is there, or only one of the two. */
  readonly idFrom: "tlv" | "text" | "tlvOnly" | "textOnly";
  /** The clock that its dates are of. */
  readonly clock: WallClock;
  /** UNKNOWN, and words that nobody knows: NOREPORT, or another receipt will come. */
  readonly unknownIs: "final" | "intermediate";
  /** ACCEPTD: delivered, as SMPP v3.4 §5.2.28 means it, or another receipt will come. */
  readonly acceptedIs: "final" | "intermediate";
  /** ENROUTE, and all else that is not final: the network tells no more, or another one will come. */
  readonly enrouteIs: "final" | "intermediate";
}

/** What is right for most providers. */
export const usualReading: ReceiptReading = {
  idFrom: "tlv",
  clock: utc,
  unknownIs: "final",
  acceptedIs: "intermediate",
  enrouteIs: "intermediate",
};

/** The status that a state means to us, by what it means as a rule. */
export function readStatus(
  { state, status }: Pick<Report, "state" | "status">,
  reading: ReceiptReading,
): Report["status"] {
  if (status === "NOREPORT") return reading.unknownIs === "final" ? status : "SENT";
  if (status !== "SENT") return status;
  const is = state.startsWith("ACC") ? reading.acceptedIs : reading.enrouteIs;
  return is === "final" ? "DELIVERED" : status;
}
