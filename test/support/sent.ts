import type { Message, Sent } from "../../src/model/message.ts";
import { smsOf } from "../../src/simulator/written.ts";

/** A message of Test1 that went out on SMPP1, and its original; `name` tells one from another. */
export function sentOf(name: string, registeredDelivery = 1): Sent {
  const sms = smsOf({ from: "+31201234567", to: "+31612345678", text: `text of ${name}` });
  const original: Message = {
    id: `01a1fc1e-8a98-7000-a98f-${Buffer.from(name).toString("hex").padStart(12, "0")}`,
    root: "01a1fc1e-8a98-7000-a98f-98dfcb0ac1c1",
    parent: undefined,
    kind: "sms",
    direction: "in",
    channel: "SMPP_SERVER1",
    account: "Test1",
    from: "+31201234567",
    to: "+31612345678",
    sms: { ...sms, registeredDelivery },
    report: undefined,
    sameAsParent: false,
    hops: 1,
    log: [],
  };
  const message: Message = {
    ...original,
    id: original.id.replace("a98f", "b98f"),
    parent: original.id,
    direction: "out",
    channel: "SMPP1",
    sameAsParent: true,
  };
  return { message, original };
}
