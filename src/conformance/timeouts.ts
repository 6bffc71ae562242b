import { COMMAND } from "../smpp/command.ts";
import type { Check, Probe, Verdict } from "./check.ts";
import { bindPdu } from "./pdus.ts";
import type { Wire } from "./wire.ts";

/** What a server does with who says nothing. They wait at the same time, each on its own connection. */
export const TIMEOUTS: readonly Check[] = [
  {
    id: "no-bind",
    asks: "nothing at all on a new connection",
    section: "v3.4 §7.2 (session_init_timer)",
    expects: "closed in time",
    waits: true,
    async run(probe) {
      return closing(await probe.open(), probe);
    },
  },
  {
    id: "half-bind",
    asks: "the first octets of a bind_transceiver and then nothing",
    section: "v3.4 §7.2 (session_init_timer)",
    expects: "closed in time",
    waits: true,
    async run(probe) {
      const wire = await probe.open();
      wire.write(bindPdu(wire.sequence(), probe, "transceiver").subarray(0, 20));
      return closing(wire, probe);
    },
  },
  {
    id: "dead-peer",
    asks: "nothing on a bound session; enquire_link is not answered",
    section: "v3.4 §7.2 (enquire_link_timer, response_timer)",
    expects: "enquire_link, and closed when it stays unanswered",
    waits: true,
    async run(probe) {
      const wire = await probe.open();
      await wire.ask(bindPdu(wire.sequence(), probe, "transceiver"));
      wire.mute();
      const startMs = performance.now();
      const asked = await wire.request(COMMAND.enquire_link, probe.patienceMs);
      const askedMs = performance.now() - startMs;
      if (asked.kind === "silent")
        return { kind: "unsupported", seen: `no enquire_link within ${seconds(probe.patienceMs)}` };
      if (asked.kind === "closed")
        return { kind: "pass", seen: `closed after ${seconds(askedMs)}, without enquire_link` };
      const { kind, seen } = await closing(wire, probe);
      return { kind, seen: `enquire_link after ${seconds(askedMs)}, then ${seen}` };
    },
  },
];

async function closing(wire: Wire, { patienceMs }: Probe): Promise<Verdict> {
  const startMs = performance.now();
  const seen = await wire.ended(patienceMs);
  return seen.kind === "closed"
    ? { kind: "pass", seen: `closed after ${seconds(performance.now() - startMs)}` }
    : { kind: "differs", seen: `open after ${seconds(patienceMs)}` };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
