import { onReport } from "signalbox";

/** Gives the message the status that its report tells. */
export const APPLYDLR = onReport({ channels: ["SMPP1"] }, (report) => {
  report.apply();
});
