/** When schedules are due, also on the days on which the clocks of Amsterdam are changed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DueTimes } from "../../src/model/due-times.ts";
import { dueTimes } from "../../src/trigger/schedule.ts";

function timesOf(cron: string, zone = "Europe/Amsterdam"): DueTimes {
  const times = dueTimes(cron, zone);
  if ("fault" in times) assert.fail(times.fault);
  return times;
}

/** The next times after this one, in UTC, without seconds. */
function after(cron: string, from: string, count: number, zone?: string): string[] {
  const times = timesOf(cron, zone);
  const found: string[] = [];
  for (let at = Date.parse(from); found.length < count;) {
    at = times.next(at);
    found.push(new Date(at).toISOString().slice(5, 16));
  }
  return found;
}

function faultOf(cron: string, zone = "UTC"): string {
  const times = dueTimes(cron, zone);
  return "fault" in times ? times.fault : "none";
}

test("a schedule goes by the clock of its zone, summer and winter", () => {
  const nine = "0 9 * * 1-5";
  // A Friday, and the Monday of summer time.
  assert.deepEqual(after(nine, "2026-03-27T00:00Z", 2), ["03-27T08:00", "03-30T07:00"]);
  assert.deepEqual(after(nine, "2026-03-27T00:00Z", 2, "UTC"), ["03-27T09:00", "03-30T09:00"]);
  assert.deepEqual(after("*/20 * * * *", "2026-01-01T00:00Z", 2), ["01-01T00:20", "01-01T00:40"]);
  assert.deepEqual(after("0 0 * jan,FEB sun", "2026-01-28T12:00Z", 2, "UTC"), [
    "02-01T00:00",
    "02-08T00:00",
  ]);
});

test("of both days restricted one is enough, as crontab(5) has it", () => {
  const thirteenthOrFriday = after("0 12 13 * 5", "2026-01-08T13:00Z", 4, "UTC");
  assert.deepEqual(thirteenthOrFriday, [
    "01-09T12:00",
    "01-13T12:00",
    "01-16T12:00",
    "01-23T12:00",
  ]);
  assert.deepEqual(after("0 12 * * 7", "2026-01-08T13:00Z", 1, "UTC"), ["01-11T12:00"]);
});

test("what falls into the hour that is skipped is due once, as that hour ends", () => {
  // On 29 March 2026 02:00 becomes 03:00, which is 01:00 UTC.
  const daily = ["03-28T01:30", "03-29T01:00", "03-30T00:30"];
  assert.deepEqual(after("30 2 * * *", "2026-03-27T12:00Z", 3), daily);
  // Two and three o'clock are one then, and that is once.
  const hours = ["03-29T00:00", "03-29T01:00", "03-29T02:00", "03-29T23:00"];
  assert.deepEqual(after("0 1-4 * * *", "2026-03-28T12:00Z", 4), hours);
});

test("with * for the hours, nothing is made up for an hour that is skipped", () => {
  const quarters = ["03-29T00:30", "03-29T00:45", "03-29T01:00", "03-29T01:15"];
  assert.deepEqual(after("*/15 * * * *", "2026-03-29T00:20Z", 4), quarters);
  const halfPast = ["03-28T23:30", "03-29T00:30", "03-29T01:30"];
  assert.deepEqual(after("30 * * * *", "2026-03-28T23:00Z", 3), halfPast);
});

test("several times within the hour that is skipped are one", () => {
  const daily = ["03-29T01:00", "03-30T00:00", "03-30T00:30"];
  assert.deepEqual(after("*/30 2 * * *", "2026-03-28T12:00Z", 3), daily);
  assert.deepEqual(after("0,30 2 * * *", "2026-03-28T12:00Z", 3), daily);
});

test("what falls into the hour that comes twice is due the first time only", () => {
  // On 25 October 2026 03:00 becomes 02:00, which is 01:00 UTC.
  const daily = ["10-24T00:30", "10-25T00:30", "10-26T01:30"];
  assert.deepEqual(after("30 2 * * *", "2026-10-23T12:00Z", 3), daily);
  // Also for who looks in between.
  assert.deepEqual(after("30 2 * * *", "2026-10-25T00:45Z", 1), ["10-26T01:30"]);
  assert.deepEqual(after("0 3 * * *", "2026-10-24T12:00Z", 2), ["10-25T02:00", "10-26T02:00"]);
});

test("with * for the hours, both of two hours of one name count", () => {
  const halves = ["10-25T00:00", "10-25T00:30", "10-25T01:00", "10-25T01:30", "10-25T02:00"];
  assert.deepEqual(after("*/30 * * * *", "2026-10-24T23:40Z", 5), halves);
  const once = ["10-25T00:00", "10-25T00:30", "10-26T01:00"];
  assert.deepEqual(after("*/30 2 * * *", "2026-10-24T12:00Z", 3), once);
  assert.deepEqual(after("0,30 2 * * *", "2026-10-25T00:40Z", 1), ["10-26T01:00"]);
});

test("a day that begins at one, and clocks that are put forward by half an hour, are no trouble", () => {
  // Cairo: on 24 April 2026 midnight became one o'clock, which is 22:00 UTC the day before.
  const cairo = after("0 0 * * *", "2026-04-22T12:00Z", 3, "Africa/Cairo");
  assert.deepEqual(cairo, ["04-22T22:00", "04-23T22:00", "04-24T21:00"]);
  // Lord Howe: on 4 October 2026 02:00 becomes 02:30, which is 15:30 UTC the day before.
  const island = after("15 2 * * *", "2026-10-02T12:00Z", 3, "Australia/Lord_Howe");
  assert.deepEqual(island, ["10-02T15:45", "10-03T15:30", "10-04T15:15"]);
});

test("the last time of a long while is found as soon as that of a short one", () => {
  const each = timesOf("* * * * *", "UTC");
  const year = Date.parse("2026-01-01T00:00:30Z");
  assert.equal(each.last(year - 400 * 86_400_000, year), year - 30_000);
  const nine = timesOf("0 9 * * 1-5");
  const monday = Date.parse("2026-03-30T06:59:59Z");
  assert.equal(nine.last(monday - 40 * 86_400_000, monday), Date.parse("2026-03-27T08:00Z"));
  assert.equal(nine.last(monday, monday + 1_000), monday + 1_000);
  assert.equal(nine.last(monday, monday), undefined);
  assert.equal(nine.last(monday + 1_000, monday + 86_400_000 - 1), undefined);
  const leap = timesOf("0 0 29 2 *", "UTC");
  assert.equal(leap.last(0, year), Date.parse("2024-02-29T00:00Z"));
});

test("what is no schedule is a fault that says what is wrong", () => {
  const five = "it has five fields: minute, hour, day of the month, month, day of the week";
  assert.equal(faultOf("0 9 * *"), `cron is "0 9 * *"; ${five}`);
  assert.equal(faultOf("0 0 9 * * *"), `cron is "0 0 9 * * *"; ${five}`);
  assert.equal(faultOf("@daily"), `cron is "@daily"; ${five}`);
  assert.equal(faultOf("61 * * * *"), 'cron is "61 * * * *": Invalid value for minute: 61');
  assert.equal(faultOf("0 9 * * 8"), 'cron is "0 9 * * 8": Invalid value for dayOfWeek: 8');
  assert.match(faultOf("5-1 * * * *"), /From value is larger than to value/);
  assert.match(faultOf("*/0 * * * *"), /illegal stepping/);
  assert.equal(faultOf("0 9 L * *"), 'cron is "0 9 L * *"; L is unknown there');
  assert.equal(faultOf("0 9 * * 5#2"), 'cron is "0 9 * * 5#2"; 5#2 is unknown there');
  assert.equal(faultOf("0 9 30 2 *"), 'cron is "0 9 30 2 *", which is never');
  const nowhere = 'zone is "Europe/Nowhere", which is no name of the IANA database';
  assert.equal(faultOf("0 9 * * *", "Europe/Nowhere"), nowhere);
  assert.match(faultOf("0 9 * * *", "+02:00"), /^zone is "\+02:00"/);
});
