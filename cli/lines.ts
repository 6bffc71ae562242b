import { GatewayError } from "../src/model/error.ts";

/** Characters. A line tells how far something is; more than this is no line of ours. */
const lineCharactersMax = 65_536;

/** Reads lines of JSON (application/x-ndjson) as they come; a last one without an end is one, too. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
  charactersMax = lineCharactersMax,
): AsyncGenerator {
  // Characters may be cut in two between chunks, so the decoder keeps what is left.
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield parsed(line);
    if (rest.length > charactersMax) throw notOurs();
  }
  if (rest !== "") yield parsed(rest);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw notOurs(cause);
  }
}

function notOurs(cause?: unknown): GatewayError {
  const text = "the gateway's answer is of another version (its lines are no JSON)";
  return new GatewayError("internal", text, { cause });
}
