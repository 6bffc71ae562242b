// One process that sends messages over HTTP as fast as it is answered: `node http-load.ts PORT KEY CONNECTIONS
// SECONDS [MESSAGES]`. It reads as little of an answer as tells where it ends, so that it costs less than what
// it measures. With MESSAGES each request is a batch of so many. Prints one line of JSON.
import { connect } from "node:net";
import { argv, stdout } from "node:process";

const [port = 0, , connections = 50, seconds = 5, batch = 0] = argv.slice(2).map(Number);
const key = argv[3] ?? "";

const message = {
  to: "+31612345678",
  from: "Shop",
  text: "Your order 12345 is on its way to you.",
};
const url = batch === 0 ? "/v1/messages" : "/v1/batches";
const body = JSON.stringify(
  batch === 0 ? message : { messages: Array.from({ length: batch }, () => message) },
);
const request = Buffer.from(
  `POST ${url} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
);

const took: number[] = [];
const statuses: Record<string, number> = {};
let open = connections;
const beganMs = performance.now();
const endMs = beganMs + seconds * 1_000;

for (let n = 0; n < connections; n += 1) start();

function start(): void {
  let sentMs = 0;
  let text = "";
  const socket = connect({ port, host: "127.0.0.1", noDelay: true }, send);
  socket.setEncoding("latin1");
  socket.on("data", (more: string) => {
    text += more;
    const head = text.indexOf("\r\n\r\n");
    if (head < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
    if (text.length < head + 4 + length) return;
    const nowMs = performance.now();
    took.push(nowMs - sentMs);
    const status = text.slice(9, 12);
    statuses[status] = (statuses[status] ?? 0) + 1;
    text = text.slice(head + 4 + length);
    if (nowMs < endMs) send();
    else socket.end();
  });
  socket.on("close", () => {
    open -= 1;
    if (open === 0) finish();
  });
  socket.on("error", (cause) => (statuses[cause.message] = (statuses[cause.message] ?? 0) + 1));

  function send(): void {
    sentMs = performance.now();
    socket.write(request);
  }
}

function finish(): void {
  const tookS = (performance.now() - beganMs) / 1_000;
  const sorted = took.toSorted((one, other) => one - other);
  const at = (share: number): number =>
    Math.round((sorted[Math.floor(sorted.length * share)] ?? 0) * 10) / 10;
  const answers = statuses["202"] ?? 0;
  const perS = Math.round((answers * Math.max(1, batch)) / tookS);
  const line = { perS, answers, p50Ms: at(0.5), p99Ms: at(0.99), statuses };
  stdout.write(`${JSON.stringify(line)}\n`);
}
