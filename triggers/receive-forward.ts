import { onMessage } from "signalbox";

/** Hands a message from the provider to the customer whose number it is for. */
export const RECVFWD = onMessage({ channels: ["SMPP1"] }, async (message, { accounts }) => {
  const owner = await accounts.byNumber(message.to);
  if (owner === undefined) message.fail("Could not find a matching address range");
  else message.forward({ channel: "SMPP_SERVER1", account: owner.id });
});
