import type { Writable } from "node:stream";
import { frameOf } from "./frame.ts";

/** Lines of the host for the gateway, as few frames as can be. Of the host process only. */
export interface Outbox {
  /** One line or several. */
  tell(lines: string): void;
  /** Called when there is nothing more to do for now. */
  flush(): void;
}

/** Above this a frame goes at once, so that none comes near `frameOctetsMax`, at which the pipe breaks. */
const charactersMax = 8_388_608;

export function openOutbox(pipe: Writable): Outbox {
  let lines: string[] = [];
  let characters = 0;
  const outbox: Outbox = {
    tell(text) {
      lines.push(text);
      characters += text.length;
      if (characters > charactersMax) outbox.flush();
    },
    flush() {
      if (lines.length === 0) return;
      pipe.write(frameOf(`R${lines.join("\n")}`));
      lines = [];
      characters = 0;
    },
  };
  return outbox;
}
