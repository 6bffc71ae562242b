import { onMessage } from "signalbox";

/**
 * Writes who sends what to whom into a table of our own. It only watches: with `onFault: "skip"` traffic
 * goes on while that database is down.
 */
export const AUDIT = onMessage(
  { channels: ["SMPP_SERVER1"], order: 900, onFault: "skip" },
  async ({ id, account = "", from, to, parts }, { db, now }) => {
    // What a query has done is not undone when the event is decided again: the key makes it once.
    await db.audit`
      insert into sms_audit (id, at, account, sender, recipient, parts)
      values (${id}, ${new Date(now())}, ${account}, ${from}, ${to}, ${parts})
      on conflict (id) do nothing`;
  },
);
