import type { Command } from "commander";
import { z } from "../src/config/schema.ts";
import type { SessionView } from "../src/model/view.ts";
import { ask, segment } from "./gateway.ts";
import { age, answer, table } from "./print.ts";
import type { GlobalOptions } from "./settings.ts";
import { sessionShape } from "./views.ts";

/** `signalbox session …` */
export function addSession(program: Command): void {
  const session = program.command("session").description("who is bound");
  session
    .command("list")
    .description("show every bound session, customers' and ours at providers")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const shape = z.array(sessionShape);
      const sessions = await ask(options, { method: "GET", path: "/v1/sessions", shape });
      const next =
        sessions.length === 0
          ? "Bind as a customer: signalbox simulate esme --to +15551234567 --text Hello --listen"
          : "What went over them: signalbox message list";
      answer(options, sessions, listed, next);
    });

  session
    .command("kick")
    .description("end a session at once; the peer may bind again")
    .argument("<id>", "its id, as `signalbox session list` shows it")
    .action(async (id: string, _own, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const path = `/v1/sessions/${segment(id)}`;
      await ask(options, { method: "DELETE", path, shape: z.undefined() });
      const next = "Keep everybody out: signalbox channel drain <name>";
      answer(options, { id }, (one) => `Session ${one.id} is ended.`, next);
    });
}

function listed(sessions: readonly SessionView[]): string {
  if (sessions.length === 0) return "Nobody is bound.";
  return table(
    ["session", "channel", "account", "bind", "version", "remote", "tls", "for", "in", "out"],
    sessions.map((one) => [
      one.id,
      one.channel,
      one.account,
      one.bindType,
      one.version,
      one.remote,
      one.tls ? "yes" : "no",
      age(one.sinceMs),
      one.received,
      one.sent,
    ]),
  );
}
