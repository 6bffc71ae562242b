import { onMessage } from "signalbox";

// STOP means the number that it is written to. Another file may ask the same list: kv.shared("stop-list").

/** Puts whoever writes STOP on the list, and tells him so. */
export const STOP = onMessage(
  { channels: ["SMPP1"], text: { keyword: ["STOP", "ARRET", "STOPP"] } },
  async ({ from, to }, { kv, messages }) => {
    await kv.shared("stop-list").set(`${from} ${to}`, true);
    messages.send({ channel: "SMPP1", from: to, to: from, text: "You get no more from us." });
  },
);

/** Takes whoever writes START off it. */
export const START = onMessage(
  { channels: ["SMPP1"], text: { keyword: "START" } },
  async ({ from, to }, { kv }) => {
    await kv.shared("stop-list").delete(`${from} ${to}`);
  },
);

/** Refuses what a customer sends to who is on the list, before it costs anything. */
export const GUARD = onMessage(
  { channels: ["SMPP_SERVER1"], order: 5 },
  async (message, { kv }) => {
    const stopped = await kv.shared("stop-list").get(`${message.to} ${message.from}`);
    if (stopped === true) message.reject("refused_by_rule", "the recipient has said STOP");
  },
);
