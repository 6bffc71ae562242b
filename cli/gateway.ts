import { createReadStream } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { pipeline } from "node:stream/promises";
import { z } from "../src/config/schema.ts";
import { adminSocketPath } from "../src/model/admin-socket.ts";
import { ERRORS, type ErrorCode, GatewayError } from "../src/model/error.ts";
import { WrongArguments } from "./failure.ts";
import { operatorName } from "./operator.ts";
import { type GlobalOptions, readDataDirectory } from "./settings.ts";

/** ms. The gateway answers from memory or by a few queries; longer than this it is stuck. */
const answerTimeoutMs = 30_000;

/** ms of silence in the middle of a long answer; between two batches of rows the database may be slow. */
const quietMs = 120_000;

/** Octets. A list of 1,000 messages with their traces has some 2 MB. */
const answerOctetsMax = 64 * 1024 * 1024;

/** What the gateway is asked for. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  /** In place of a body: a file as it is. */
  readonly file?: { readonly path: string; readonly type: string };
  /** How long nothing may come; the default fits to what is answered at once. */
  readonly timeoutMs?: number;
}

/**
 * Asks the gateway that the configuration names, over its socket, and gives the answer in the shape
 * that was asked for. Rejects with `not_running` when there is none, and with the gateway's own error.
 */
export async function ask<T>(
  options: GlobalOptions,
  call: Call & { readonly shape: z.ZodType<T> },
): Promise<T> {
  const data = readDataDirectory(options);
  const response = await send(data, call);
  const text = await textOf(response, data);
  const answer = text === "" ? undefined : parsed(text);
  const { statusCode = 500 } = response;
  if (statusCode >= 400) throw refusal(statusCode, answer);
  const result = call.shape.safeParse(answer);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join(".") ?? "";
  throw new GatewayError("internal", `the gateway's answer is of another version (${where})`);
}

/**
 * Asks for an answer that is too long to be held, or that comes bit by bit: its octets as they come, to
 * be read once. Rejects as `ask` does, and in the middle with `not_running` when the gateway ends
 * before the answer does.
 */
export async function askForFlow(
  options: GlobalOptions,
  call: Call,
): Promise<AsyncIterable<Buffer>> {
  const data = readDataDirectory(options);
  const response = await send(data, { timeoutMs: quietMs, ...call });
  const { statusCode = 500 } = response;
  if (statusCode >= 400) throw refusal(statusCode, parsed(await textOf(response, data)));
  return chunksOf(response, data);
}

/** Tells the gateway's refusal in the middle of an answer that had begun well; undefined for all else. */
export function refusalIn(line: unknown): GatewayError | undefined {
  const result = refusalShape.safeParse(line);
  return result.success ? new GatewayError(result.data.code, result.data.message) : undefined;
}

/** An id or a name as part of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}

function send(
  data: string,
  { method, path, query = {}, body, file, timeoutMs = answerTimeoutMs }: Call,
): Promise<IncomingMessage> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) search.set(name, String(value));
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const call = request({
      socketPath: adminSocketPath(data),
      method,
      path: search.size === 0 ? path : `${path}?${search.toString()}`,
      headers: {
        // Every change is logged with who made it; who may open the socket is trusted with the name.
        "signalbox-operator": operatorName(),
        ...(payload === undefined ? {} : { "content-type": "application/json" }),
        ...(file === undefined ? {} : { "content-type": file.type }),
      },
      timeout: timeoutMs,
    });
    call.once("timeout", () => {
      const text = `the gateway of ${data} has said nothing for ${timeoutMs / 1_000} s`;
      call.destroy(new GatewayError("internal", text));
    });
    call.once("error", (cause: NodeJS.ErrnoException) => reject(reasonOf(cause, data)));
    call.once("response", resolve);
    if (file === undefined) call.end(payload);
    else
      pipeline(createReadStream(file.path), call).catch((cause: NodeJS.ErrnoException) => {
        // What the gateway answered meanwhile is told, whether it has read all of it or not.
        reject(cause.path === undefined ? reasonOf(cause, data) : notRead(cause));
      });
  });
}

async function* chunksOf(response: IncomingMessage, data: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) if (Buffer.isBuffer(chunk)) yield chunk;
  } catch (cause) {
    throw cause instanceof Error ? reasonOf(cause, data) : cause;
  }
}

async function textOf(response: IncomingMessage, data: string): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of chunksOf(response, data)) {
    octets += chunk.length;
    if (octets > answerOctetsMax)
      throw new GatewayError("internal", `the answer has more than ${answerOctetsMax} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function notRead({ path = "", code = "" }: NodeJS.ErrnoException): WrongArguments {
  return new WrongArguments(`${path} cannot be read (${code})`);
}

function reasonOf(cause: NodeJS.ErrnoException, data: string): Error {
  const code = cause.code ?? "";
  if (["ENOENT", "ECONNREFUSED", "ENOTSOCK"].includes(code))
    return new GatewayError("not_running", `no admin socket in ${data}`, { cause });
  if (["ECONNRESET", "EPIPE"].includes(code))
    return new GatewayError("not_running", `the gateway of ${data} has just ended`, { cause });
  if (code !== "EACCES") return cause;
  const text = `the gateway of ${data} belongs to another user; run this command as that one`;
  return new GatewayError("data_directory", text, { cause });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayError("internal", "what answers on the admin socket is no gateway", { cause });
  }
}

const refusalShape = z.object({
  code: z.custom<ErrorCode>((code) => typeof code === "string" && Object.hasOwn(ERRORS, code)),
  message: z.string(),
});

function refusal(status: number, answer: unknown): GatewayError {
  const told = refusalIn(answer);
  if (told === undefined) return new GatewayError("internal", `the gateway answered ${status}`);
  // Only a gateway of another version knows fewer routes than we do.
  return status === 404 && told.code === "bad_request"
    ? new GatewayError("bad_request", `the gateway is of another version: ${told.message}`)
    : told;
}
