import { request } from "node:http";

/** What the admin API answered. */
export interface AdminAnswer<T> {
  readonly status: number;
  readonly body: T;
}

/** The code and words of a refusal. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/** Asks the admin API over its socket, as the operator `night`. */
export function askAdmin<T>(
  socketPath: string,
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<AdminAnswer<T>> {
  const headers: Record<string, string> = { "signalbox-operator": "night" };
  if (body !== undefined) headers["content-type"] = "application/json";
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (more: string) => (text += more));
      answer.on("end", () => {
        // The test says what it expects to be answered.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const parsed = (text === "" ? undefined : JSON.parse(text)) as T;
        resolve({ status: answer.statusCode ?? 0, body: parsed });
      });
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
