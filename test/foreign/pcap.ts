import { writeFileSync } from "node:fs";

/** One PDU and who sent it. */
export interface Sent {
  readonly from: "esme" | "smsc";
  readonly pdu: Buffer;
}

/** The port of the side that is bound to, which tshark takes for SMPP. */
export const smscPort = 2775;
const esmePort = 40_000;

/**
 * Writes a capture (the classic pcap form, Ethernet) of one TCP connection on which each PDU is a segment
 * of its own, with the numbers that TCP would have given it: so a dissector meets each PDU whole.
 */
export function writeCapture(file: string, sent: readonly Sent[]): void {
  const sequence = { esme: 1, smsc: 1 };
  const frames = sent.map(({ from, pdu }, at) => {
    const to = from === "esme" ? "smsc" : "esme";
    const frame = frameOf(from, pdu, { sequence: sequence[from], acknowledged: sequence[to] });
    sequence[from] += pdu.length;
    return record(frame, at);
  });
  const head = Buffer.alloc(24);
  // Magic of microseconds, version 2.4, the longest frame, link type 1 (Ethernet).
  head.writeUInt32LE(0xa1b2_c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(1, 20);
  writeFileSync(file, Buffer.concat([head, ...frames]));
}

function record(frame: Buffer, at: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(1_700_000_000 + Math.floor(at / 1_000), 0);
  head.writeUInt32LE((at % 1_000) * 1_000, 4);
  head.writeUInt32LE(frame.length, 8);
  head.writeUInt32LE(frame.length, 12);
  return Buffer.concat([head, frame]);
}

function frameOf(
  from: Sent["from"],
  pdu: Buffer,
  { sequence, acknowledged }: { readonly sequence: number; readonly acknowledged: number },
): Buffer {
  const ethernet = Buffer.alloc(14);
  ethernet.writeUInt16BE(0x0800, 12);
  const ip = Buffer.alloc(20);
  ip[0] = 0x45;
  ip.writeUInt16BE(40 + pdu.length, 2);
  ip[8] = 64;
  ip[9] = 6;
  const [source, target] = from === "esme" ? [1, 2] : [2, 1];
  ip.set([10, 0, 0, source], 12);
  ip.set([10, 0, 0, target], 16);
  ip.writeUInt16BE(checksum(ip), 10);
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from === "esme" ? esmePort : smscPort, 0);
  tcp.writeUInt16BE(from === "esme" ? smscPort : esmePort, 2);
  tcp.writeUInt32BE(sequence, 4);
  tcp.writeUInt32BE(acknowledged, 8);
  // Five words of header; PSH and ACK.
  tcp.writeUInt16BE(0x5018, 12);
  tcp.writeUInt16BE(65_535, 14);
  return Buffer.concat([ethernet, ip, tcp, pdu]);
}

/** RFC 1071. */
function checksum(header: Buffer): number {
  let sum = 0;
  for (let at = 0; at < header.length; at += 2) sum += header.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
