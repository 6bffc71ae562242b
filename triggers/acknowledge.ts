import { onMessage } from "signalbox";

/** Charges one credit per part and takes the message. */
export const ACK = onMessage({ channels: ["SMPP_SERVER1"], order: 10 }, (message) => {
  message.accept({ charge: message.parts });
});
