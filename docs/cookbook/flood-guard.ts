import { onMessage } from "signalbox";

const minute = 60_000;

/** Times that one text may go to one number within ten minutes; a program in a loop sends more. */
const sameTextMax = 3;

/** Refuses the same text to the same number when it comes too often: somebody's program is in a loop. */
export const FLOOD = onMessage(
  { channels: ["SMPP_SERVER1"], order: 5 },
  async (message, { kv, crypto }) => {
    const { account = "", to, text = "" } = message;
    // Hashed, because a key may have 256 characters, and so that no text of a customer is kept.
    const key = await crypto.hash("sha256", `${account} ${to} ${text}`);
    const times = await kv.increment(key, 1, { ttlMs: 10 * minute });
    if (times > sameTextMax) message.reject("throttled", `the same text for the ${times}th time`);
  },
);
