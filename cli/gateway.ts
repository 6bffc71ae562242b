import { type IncomingMessage, request } from "node:http";
import { z } from "../src/config/schema.ts";
import { adminSocketPath } from "../src/model/admin-socket.ts";
import { ERRORS, type ErrorCode, GatewayError } from "../src/model/error.ts";
import { type GlobalOptions, readDataDirectory } from "./settings.ts";

/** ms. The gateway answers from memory or by a few queries; longer than this it is stuck. */
const answerTimeoutMs = 30_000;

/** Octets. A list of 1,000 messages with their traces has some 2 MB. */
const answerOctetsMax = 64 * 1024 * 1024;

/**
 * Asks the gateway that the configuration names, over its socket, and gives the answer in the shape
 * that was asked for. Rejects with `not_running` when there is none, and with the gateway's own error.
 */
export async function ask<T>(
  options: GlobalOptions,
  call: {
    readonly method: "GET" | "POST" | "PUT";
    readonly path: string;
    readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
    readonly body?: unknown;
    readonly shape: z.ZodType<T>;
  },
): Promise<T> {
  const data = readDataDirectory(options);
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== undefined) query.set(name, String(value));
  const path = query.size === 0 ? call.path : `${call.path}?${query.toString()}`;
  const { status, text } = await send(data, { method: call.method, path, body: call.body });
  const answer = text === "" ? undefined : parsed(text);
  if (status >= 400) throw refusal(status, answer);
  const result = call.shape.safeParse(answer);
  if (result.success) return result.data;
  const where = result.error.issues[0]?.path.join(".") ?? "";
  throw new GatewayError("internal", `the gateway's answer is of another version (${where})`);
}

/** An id or a name as part of a path. */
export function segment(text: string): string {
  return encodeURIComponent(text);
}

function send(
  data: string,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body: unknown },
): Promise<{ readonly status: number; readonly text: string }> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = payload === undefined ? {} : { "content-type": "application/json" };
    const call = request({
      socketPath: adminSocketPath(data),
      method,
      path,
      headers,
      timeout: answerTimeoutMs,
    });
    call.once("timeout", () => {
      call.destroy(new GatewayError("internal", `the gateway of ${data} does not answer`));
    });
    call.once("error", (cause: NodeJS.ErrnoException) => reject(reasonOf(cause, data)));
    call.once("response", (response) => {
      textOf(response).then(
        (text) => resolve({ status: response.statusCode ?? 500, text }),
        reject,
      );
    });
    call.end(payload);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let octets = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    octets += chunk.length;
    if (octets > answerOctetsMax)
      throw new GatewayError("internal", `the answer has more than ${answerOctetsMax} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
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
  const result = refusalShape.safeParse(answer);
  return result.success
    ? new GatewayError(result.data.code, result.data.message)
    : new GatewayError("internal", `the gateway answered ${status}`);
}
