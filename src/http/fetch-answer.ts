import { TextDecoder } from "node:util";
import type { Dispatcher } from "undici";
import { GatewayError } from "../model/error.ts";

/** By their names in lower case, as HTTP has them; several of one name with commas between. */
export function headersOf(
  headers: Dispatcher.ResponseData["headers"],
): Readonly<Record<string, string>> {
  const told = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  );
  return Object.fromEntries(told);
}

/** The whole body as a text, in the coding that it names, UTF-8 otherwise. Throws `fetch_failed`. */
export async function bodyOf(
  { body, headers }: Dispatcher.ResponseData<unknown>,
  { url, octetsMax }: { readonly url: URL; readonly octetsMax: number },
): Promise<string> {
  const failed = (why: string): GatewayError => {
    // The rest is not read, so the connection ends.
    body.on("error", () => {}).destroy();
    return new GatewayError("fetch_failed", `${url.origin}${url.pathname}: ${why}`);
  };
  const large = `the answer is larger than ${octetsMax} octets`;
  const coding = headers["content-encoding"];
  // We ask for none, and a small one may become very large.
  if (coding !== undefined && coding !== "identity")
    throw failed(`the answer is packed (${String(coding)}), which was not asked for`);
  if (Number(headers["content-length"]) > octetsMax) throw failed(large);
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of body) {
    // undici gives octets where no other form was asked for.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const read = chunk as Buffer;
    octets += read.length;
    if (octets > octetsMax) throw failed(large);
    chunks.push(read);
  }
  return decoderOf(headers["content-type"]).decode(Buffer.concat(chunks));
}

function decoderOf(type: string | string[] | undefined): TextDecoder {
  const [, name = "utf-8"] = /charset="?([\w.:-]+)/i.exec(String(type ?? "")) ?? [];
  try {
    return new TextDecoder(name);
  } catch {
    // A coding that nobody knows: most texts are readable as UTF-8 all the same.
    return new TextDecoder();
  }
}
