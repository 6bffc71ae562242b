import { onMessage, onSchedule } from "signalbox";

const zone = "Europe/Amsterdam";
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit" });

interface Held {
  readonly from: string;
  readonly to: string;
  readonly text: string;
  /** The run that has sent it. */
  readonly run?: string;
}

/** Passes messages on by day; what comes between 22 and 8 o'clock is kept until the morning. */
export const DAY_OR_NIGHT = onMessage(
  { channels: ["SMPP_SERVER1"], order: 20 },
  async (message, { kv, now }) => {
    const hour = Number(clock.format(now()));
    if (hour >= 8 && hour < 22) return message.forward({ channel: "SMPP1" });
    const { id, from, to, text } = message;
    if (text === undefined) return message.reject("try_later", "only a text can be kept");
    await kv.set(`held ${id}`, { from, to, text });
    message.trace("kept until the morning");
  },
);

/** Sends what was kept, a hundred at a time. */
export const MORNING = onSchedule(
  { cron: "*/2 8-21 * * *", zone },
  async (schedule, { kv, messages }) => {
    const { entries } = await kv.list<Held>({ prefix: "held ", limit: 100 });
    for (const { key, value } of entries) {
      // What an earlier run has sent is committed by now. What this run has sent is not when it is
      // tried again, because all of a decision is committed or nothing: so it is sent once more.
      if (value.run !== undefined && value.run !== schedule.id) {
        await kv.delete(key);
        continue;
      }
      const { from, to, text } = value;
      await kv.set(key, { from, to, text, run: schedule.id });
      messages.send({ channel: "SMPP1", from, to, text });
    }
  },
);
