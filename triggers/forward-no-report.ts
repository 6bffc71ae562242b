import { onStatus } from "signalbox";

/** Tells the customer that nobody knows what became of his message. */
export const FWDDLR3 = onStatus({ channels: ["SMPP1"], status: ["NOREPORT"] }, (message) => {
  message.root?.report();
});
