import { onMessage } from "signalbox";

/** Passes every message on to the provider. */
export const FWD = onMessage({ channels: ["SMPP_SERVER1"], order: 20 }, (message) => {
  message.forward({ channel: "SMPP1" });
});
