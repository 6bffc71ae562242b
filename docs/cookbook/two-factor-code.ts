import { onMessage } from "signalbox";

const minute = 60_000;

/** Sends a code of six digits to whoever writes LOGIN; it holds for five minutes. */
export const LOGIN = onMessage(
  { channels: ["SMPP1"], to: "4711", text: { keyword: "LOGIN" } },
  async ({ from, to }, { crypto, kv, messages }) => {
    // 128 random bits, of which the modulus takes six digits; recorded, so a rerun gets the same.
    const code = String(BigInt(`0x${await crypto.randomId()}`) % 1_000_000n).padStart(6, "0");
    await kv.set(from, code, { ttlMs: 5 * minute });
    const text = `Your code is ${code}. Send it back within five minutes.`;
    messages.send({ channel: "SMPP1", from: to, to: from, text, priority: 3 });
  },
);

/** Checks what comes back. Each code is good for one try, so that nobody can guess. */
export const CODE = onMessage(
  { channels: ["SMPP1"], to: "4711", text: { matches: /^\s*\d{6}\s*$/ } },
  async (message, { crypto, kv, messages }) => {
    const { from, to } = message;
    const expected = await kv.get<string>(from);
    await kv.delete(from);
    const isRight = expected !== undefined && crypto.equal(expected, message.text?.trim() ?? "");
    message.trace(isRight ? "the code is right" : "the code is wrong or too late");
    const text = isRight ? "You are in." : "That was not it. Send LOGIN for another code.";
    messages.send({ channel: "SMPP1", from: to, to: from, text });
  },
);
