import { onSchedule } from "signalbox";

const day = 86_400_000;

/** Credits; who has fewer should be called before he is refused. */
const lowCredits = 100;

interface Customer {
  readonly system_id: string;
  readonly credits: number;
}

/** Tells the operator each working hour whose credits run low; of each customer once a day. */
export const LOW_BALANCE = onSchedule(
  { cron: "0 8-17 * * 1-5", zone: "Europe/Amsterdam" },
  async (schedule, { db, kv, messages }) => {
    const low = await db.customers<Customer>`
      select system_id, credits from sms_users
      where credits < ${lowCredits} order by credits limit 20`;
    for (const { system_id, credits } of low) {
      // The run's own id may stand there when it is tried again: then nothing has been sent yet.
      const key = `told ${system_id}`;
      const isFirst = await kv.compareAndSet(key, undefined, schedule.id, { ttlMs: day });
      if (!isFirst && (await kv.get(key)) !== schedule.id) continue;
      const text = `${system_id} has ${credits} credits left.`;
      messages.send({ channel: "SMPP2", from: "Signalbox", to: "+31612345678", text });
    }
  },
);
