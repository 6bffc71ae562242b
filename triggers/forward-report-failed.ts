import { onStatus } from "signalbox";

/** Tells the customer that his message was not delivered, whether it failed there or here. */
export const FWDDLR2 = onStatus(
  { channels: ["SMPP1"], status: ["NOTDELIVERED", "FAILED", "EXPIRED", "CANCELLED"] },
  (message) => {
    message.root?.report();
  },
);
