import { Socket } from "node:net";
import { createPassing } from "../model/passing.ts";
import type { Arming, LoadAnswer } from "./batch.ts";
import { frameOf, readFrames } from "./frame.ts";
import { type Bundle, type Isolate, openIsolate, Overrun } from "./isolate.ts";
import type { TriggerLimits } from "./limits.ts";
import { openOutbox } from "./outbox.ts";
import { openPreludes } from "./prelude.ts";
import { openProcessorMeter, processorUs } from "./processor-meter.ts";
import { positionWriter } from "./recorder.ts";
import { handlerOf, isolateOf, slotOf } from "./slot.ts";

/**
 * The program of the host process: it holds the isolates and moves lines between them and the
 * gateway. It parses no event and no result; it only follows the chain of triggers that the gateway
 * wrote before each event. What it is told and what it tells: `batch.ts`.
 */

/** One event on its way through its triggers. */
interface Run {
  readonly key: string;
  readonly atMs: string;
  readonly tuple: string;
  readonly chain: readonly number[];
  /** What the triggers so far have asked for: name and acts. */
  readonly before: string[];
  /** What the gateway is told in the end, a line per trigger. */
  readonly ran: string[];
  /** Which trigger of the chain is next, or at work. */
  at: number;
  /** That trigger has been given the event. */
  entered: boolean;
  /** How often its time was over before it had had the processor for so long, and for how long it had. */
  starved: number;
  processorUs: number;
  /** To be run alone, because it was in a batch that overran or in a host that died. */
  solo: boolean;
}

/** What one trigger is to be given: an event, or the answer of a host call. */
interface Item {
  readonly run: Run;
  readonly lines: string;
  readonly answer: boolean;
}

/** One trigger of one version. */
interface Station {
  readonly name: string;
  readonly skip: boolean;
  readonly items: Item[];
  /** Events that are over, to be forgotten with the next pump. */
  readonly forgotten: string[];
  quarantined: boolean;
}

/** Of what a file threw while it was loaded, as much as the gateway looks at. */
const stackCharactersMax = 8000;

/** Times that an event, or a load, is tried again because the machine left it no processor time. */
const starvedMax = 5;

// This, and all JSON that is read here, was written by the gateway.
const limits: TriggerLimits = JSON.parse(process.argv[2] ?? "");
const pipe = new Socket({ fd: 3, readable: true, writable: true });
const enter = positionWriter(4);
const preludes = openPreludes();
const bundles = new Map<number, Bundle>();
const isolates = new Map<number, Isolate>();
const stations = new Map<number, Station>();
const runs = createPassing<string, Run>();
/** Slots with items, in the order in which they got them. */
const busy = new Set<number>();
const { tell, flush } = openOutbox(pipe);
let scheduled = false;
const meter = openProcessorMeter((spent) => {
  for (const [slot, us] of spent) tell(`M${slot} ${us}`);
  flush();
});

readFrames(pipe, take, () => process.exit(1));
// The gateway has gone, whatever the reason: nobody is left to work for.
pipe.on("end", () => process.exit(0));
pipe.on("error", () => process.exit(0));
// Ctrl-C and a service manager's stop reach every process at once; the gateway drains first, and
// needs its host for that.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
pipe.write(frameOf("H"));

function take(text: string): void {
  const kind = text.charAt(0);
  const rest = text.slice(1);
  switch (kind) {
    case "E":
      return takeEvents(rest);
    case "A":
      return takeAnswers(rest);
    case "X":
      return takeDrops(rest);
    case "B":
      return load(JSON.parse(rest));
    case "N":
      return arm(JSON.parse(rest));
    case "U":
      return unload(Number(rest));
    case "Q":
      return quarantine(Number(rest));
    default:
      process.exit(1);
  }
}

function takeEvents(text: string): void {
  const lines = text.split("\n");
  for (let at = 1; at + 1 < lines.length; at += 2) {
    const [key = "", atMs = "", solo = "", slots = ""] = (lines[at] ?? "").split(" ");
    const run: Run = {
      key,
      atMs,
      tuple: lines[at + 1] ?? "",
      chain: slots.split(",").map(Number),
      before: [],
      ran: [],
      at: 0,
      entered: false,
      starved: 0,
      processorUs: 0,
      solo: solo === "1",
    };
    runs.set(key, run);
    giveEvent(run);
  }
  tell(`B${lines[0]}`);
  schedule();
}

function takeAnswers(text: string): void {
  const lines = text.split("\n");
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [key = "", slot = "", call = "", flag = ""] = (lines[at] ?? "").split(" ");
    const run = runs.get(key);
    // The event may have ended without waiting, or be run again from its start.
    if (run === undefined || run.chain[run.at] !== Number(slot) || !run.entered) continue;
    give(run, { run, lines: `A${key} ${call} ${flag}\n${lines[at + 1]}`, answer: true });
  }
  schedule();
}

function takeDrops(text: string): void {
  for (const key of text.split(" ")) {
    const run = runs.get(key);
    if (run === undefined) continue;
    runs.delete(key);
    const station = stations.get(run.chain[run.at] ?? 0);
    if (run.entered) station?.forgotten.push(`F${key}`);
  }
}

function load(bundle: Bundle): void {
  let answer: LoadAnswer;
  try {
    const isolate = openPatiently(bundle);
    isolates.set(bundle.isolate, isolate);
    bundles.set(bundle.isolate, bundle);
    answer = { isolate: bundle.isolate, registered: isolate.registered };
  } catch (error) {
    answer = { isolate: bundle.isolate, fault: faultText(error) };
  }
  enter(0, 0);
  pipe.write(frameOf(`B${JSON.stringify(answer)}`));
}

function openPatiently(bundle: Bundle): Isolate {
  let processorUs = 0;
  for (let tries = 1; ; tries++) {
    enter(-bundle.isolate, 0);
    try {
      return openIsolate(bundle, limits, preludes);
    } catch (error) {
      if (!(error instanceof Overrun) || tries >= starvedMax) throw error;
      processorUs += error.processorUs;
      if (!isStarved(processorUs, limits.loadMs)) throw error;
    }
  }
}

function faultText(error: unknown): string {
  if (error instanceof Overrun) return `while it was loaded it ${error.message}`;
  if (!(error instanceof Error)) return "a throw that is no error";
  return (error.stack ?? error.message).slice(0, stackCharactersMax);
}

function arm({ isolate, triggers }: Arming): void {
  for (const [handler, { name, skip }] of triggers.entries()) {
    const station = { name, skip, items: [], forgotten: [], quarantined: false };
    stations.set(slotOf(isolate, handler), station);
  }
}

function unload(isolate: number): void {
  isolates.get(isolate)?.dispose();
  isolates.delete(isolate);
  bundles.delete(isolate);
  for (const slot of stations.keys()) if (isolateOf(slot) === isolate) stations.delete(slot);
}

function quarantine(slot: number): void {
  const station = stations.get(slot);
  if (station === undefined) return;
  station.quarantined = true;
  station.items.length = 0;
  busy.delete(slot);
  for (const run of runs.values())
    if (run.chain[run.at] === slot) settle(run, slot, 0, "q", '"the trigger is quarantined"');
  schedule();
}

function giveEvent(run: Run): void {
  const slot = run.chain[run.at] ?? 0;
  const station = stations.get(slot);
  run.entered = false;
  if (station === undefined || station.quarantined || !isolates.has(isolateOf(slot)))
    return settle(run, slot, 0, "q", '"the trigger is quarantined"');
  const before = run.before.length === 0 ? "" : `\n${run.before.join("\n")}`;
  const lines = `E${run.key} ${run.atMs} ${run.before.length}\n${run.tuple}${before}`;
  give(run, { run, lines, answer: false });
}

function give(run: Run, item: Item): void {
  const slot = run.chain[run.at] ?? 0;
  stations.get(slot)?.items.push(item);
  busy.add(slot);
}

/** Works after all frames of a chunk were taken, so that what came together is pumped together. */
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(work);
}

function work(): void {
  for (const slot of busy) {
    busy.delete(slot);
    const station = stations.get(slot);
    if (station === undefined) continue;
    const items = nextItems(station);
    if (station.items.length > 0) busy.add(slot);
    if (items.length > 0 && !pump(slot, station, items)) {
      // It took its whole time: let the gateway's orders in before the next one does so too.
      flush();
      setImmediate(work);
      return;
    }
  }
  scheduled = false;
  flush();
}

/** A batch, or one item alone where that was asked for. Items of events that are over are left out. */
function nextItems(station: Station): Item[] {
  let count = 0;
  const items: Item[] = [];
  for (const item of station.items) {
    if (items.length >= limits.batchEventsMax) break;
    if (item.run.solo && items.length > 0) break;
    count++;
    // An answer is for the attempt that asked: one that began anew asks again.
    if (runs.get(item.run.key) !== item.run || (item.answer && !item.run.entered)) continue;
    items.push(item);
    if (item.run.solo) break;
  }
  station.items.splice(0, count);
  return items;
}

/** False when the isolate overran. */
function pump(slot: number, station: Station, items: readonly Item[]): boolean {
  const isolate = isolates.get(isolateOf(slot));
  if (isolate === undefined) return true;
  const forgotten = station.forgotten.splice(0);
  for (const item of items) item.run.entered = true;
  const lines = [...forgotten, ...items.map((item) => item.lines)].join("\n");
  const only = items.every((item) => item.run === items[0]?.run) ? items[0]?.run : undefined;
  const began = performance.now();
  const beganUs = processorUs();
  enter(slot, only === undefined ? 0 : Number(only.key));
  try {
    const told = isolate.pump(handlerOf(slot), lines);
    const us = Math.round(((performance.now() - began) * 1000) / items.length);
    // Still inside: however long it takes to read what it told is its own doing.
    if (told !== "") read(told, slot, station, us);
    enter(0, 0);
    return true;
  } catch (error) {
    enter(0, 0);
    if (!(error instanceof Overrun)) throw error;
    overran(slot, only, error, Math.round((performance.now() - began) * 1000));
    return false;
  } finally {
    meter.spent(slot, processorUs() - beganUs);
  }
}

/** The lines that an isolate gave. It may lie: only what fits an open event at this trigger counts. */
function read(told: string, slot: number, station: Station, us: number): void {
  let logged = 0;
  for (const line of told.split("\n")) {
    const kind = line.charAt(0);
    if (kind === "G") {
      if (logged++ < limits.logLinesMax && !tooLong(line)) tell(`G${slot} ${line.slice(1)}`);
      continue;
    }
    const blank = line.indexOf(" ");
    const key = line.slice(1, blank);
    const rest = line.slice(blank + 1);
    const run = runs.get(key);
    if (kind === "L") {
      if (!late(run, slot, station, rest) && logged++ < limits.logLinesMax)
        tell(`G${slot} ${lateText(rest)}`);
      continue;
    }
    if (run === undefined || run.chain[run.at] !== slot || !run.entered) continue;
    if (tooLong(rest)) settle(run, slot, us, "!", '"asked for more than resultOctetsMax"');
    else if (kind === "S") settle(run, slot, us, rest.charAt(0), rest.slice(1));
    else if (kind === "C") tell(`C${key} ${slot} ${rest}`);
  }
}

function tooLong(text: string): boolean {
  const max = limits.resultOctetsMax;
  return text.length > max || (text.length * 3 > max && Buffer.byteLength(text) > max);
}

/** Takes what one trigger said of an event and hands the event to the next one, or back. */
function settle(run: Run, slot: number, us: number, flag: string, payload: string): void {
  const station = stations.get(slot);
  run.ran.push(`${slot} ${us} ${flag}${payload}`);
  if (flag === "+" || flag === ".") run.before.push(`${station?.name} ${payload}`);
  else if (flag === "-" || station?.skip !== true) return finish(run);
  run.at++;
  if (run.at < run.chain.length) giveEvent(run);
  else finish(run);
}

function finish(run: Run): void {
  runs.delete(run.key);
  tell([`S${run.key} ${run.ran.length}`, ...run.ran].join("\n"));
}

/**
 * A handler has ended and something of it still called: a fault if its event is open. False when it is
 * too late to count.
 */
function late(run: Run | undefined, slot: number, station: Station, what: string): boolean {
  const at = run === undefined ? -1 : run.chain.indexOf(slot);
  if (run === undefined || at < 0 || at >= run.at || station.skip) return false;
  run.ran.push(`${slot} 0 !${lateText(what)}`);
  finish(run);
  return true;
}

function lateText(what: string): string {
  return JSON.stringify(`${what.slice(0, 100)} was called after the handler had ended`);
}

/**
 * The isolate did not stop in time or outgrew its memory: it is loaded anew. If one event was alone
 * in there, it is guilty, unless it never had the processor; else each that was is run again alone,
 * with the recorded answers of its host calls.
 */
function overran(slot: number, only: Run | undefined, overrun: Overrun, us: number): void {
  const number = isolateOf(slot);
  const bundle = bundles.get(number);
  isolates.get(number)?.dispose();
  isolates.delete(number);
  const text = JSON.stringify(overrun.message);
  tell(`W${slot} ${text}`);
  if (bundle !== undefined) load(bundle);
  const again: Run[] = [];
  for (const run of runs.values())
    if (run.entered && isolateOf(run.chain[run.at] ?? 0) === number) again.push(run);
  for (const run of again) {
    run.solo = true;
    if (run !== only) {
      giveEvent(run);
      continue;
    }
    run.processorUs += overrun.processorUs;
    if (!isStarved(run.processorUs, limits.pumpMs)) settle(run, slot, us, "x", text);
    else if (++run.starved < starvedMax) giveEvent(run);
    else settle(run, slot, us, "!", '"did not get the processor for long enough"');
  }
}

/** Over all tries together: what is harmless needs little each time, what is endless uses it all. */
function isStarved(processorUs: number, limitMs: number): boolean {
  return processorUs < (limitMs * 1000) / 2;
}
