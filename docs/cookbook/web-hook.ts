import { onStatus } from "signalbox";

/** Tells a web service what became of each message, signed so that it can trust the sender. */
export const WEB_HOOK = onStatus(
  { channels: ["SMPP1"] },
  async (message, { crypto, http, secrets }) => {
    const { id, root, account, to, status, error } = message;
    const body = JSON.stringify({ id: root?.id ?? id, account, to, status, error });
    const signature = await crypto.hmac("sha256", secrets.HOOK_KEY, body);
    const answer = await http.fetch("https://hooks.example.com/sms/status", {
      method: "POST",
      headers: { "content-type": "application/json", "x-signature": signature },
      body,
    });
    // A status is decided again later when its trigger has thrown, for a day: nothing is lost while the
    // service is out of order.
    if (!answer.ok) throw new Error(`the service said ${answer.status}`);
  },
);
