import { onStatus } from "signalbox";

/** Tells the customer that his message was delivered. */
export const FWDDLR = onStatus({ channels: ["SMPP1"], status: ["DELIVERED"] }, (message) => {
  message.root?.report();
});
