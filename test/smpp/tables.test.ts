/** Our tables against facts that were gathered elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { STANDARD_TLVS, standardTlv, standardTlvNamed } from "../../src/model/tlv.ts";
import {
  COMMAND,
  commandName,
  commandOf,
  hasResponse,
  isResponse,
} from "../../src/smpp/command.ts";
import {
  COMMAND_STATUS,
  commandStatusFrom,
  commandStatusName,
} from "../../src/smpp/command-status.ts";
import { type SessionState, isLegal } from "../../src/smpp/states.ts";
import { TAG } from "../../src/smpp/tlv.ts";
import { FACTS } from "./facts.ts";

test("every command has its id, and every id its name", () => {
  for (const { name, id } of FACTS.commands) assert.equal(commandName(id), name);
  assert.equal(
    FACTS.commands.filter(({ id }) => !isResponse(id)).length,
    Object.keys(COMMAND).length,
  );
  assert.equal(commandName(0x0100_0001), "0x01000001");
  assert.equal(commandName(0x8000_0077), "0x80000077");
  assert.equal(commandOf(0x77), undefined);
});

test("what has a response in the facts has one here", () => {
  const names = new Set(FACTS.commands.map(({ name }) => name));
  for (const { id } of FACTS.commands) {
    const command = commandOf(id);
    if (command !== undefined) assert.equal(hasResponse(command), names.has(`${command}_resp`));
  }
});

test("a request is legal in exactly the states of the specification", () => {
  const states: readonly SessionState[] = ["open", "bound_tx", "bound_rx", "bound_trx"];
  for (const { id, legal } of FACTS.commands) {
    const command = commandOf(id);
    if (command === undefined) continue;
    for (const side of ["esme", "smsc"] as const)
      for (const state of states) {
        // v5.0 allows enquire_link before the bind too.
        const early: boolean = command === "enquire_link" && state === "open";
        const expected: boolean = early || legal[side].includes(state.toUpperCase());
        assert.equal(isLegal(command, side, state), expected, `${side} ${command} ${state}`);
      }
    for (const state of ["unbound", "closed"] as const)
      for (const side of ["esme", "smsc"] as const)
        assert.equal(isLegal(command, side, state), false);
  }
});

test("every command_status has its name, and the name its status", () => {
  assert.equal(FACTS.statuses.length, Object.keys(COMMAND_STATUS).length);
  for (const { name, code } of FACTS.statuses) {
    assert.equal(commandStatusName(code), name);
    assert.equal(commandStatusFrom(name.toLowerCase()), code);
  }
  assert.equal(commandStatusName(0x410), "0x00000410");
  assert.equal(commandStatusFrom("ESME_NONSENSE"), undefined);
});

/** Our types by those of the facts; what has several forms is left as octets. */
const TLV_TYPES: Readonly<Record<string, string>> = { 1: "int8", 2: "int16", 4: "int32" };

test("[W04] every standard TLV has its name, its type and every length that the facts allow", () => {
  assert.equal(FACTS.tlvs.length, Object.keys(STANDARD_TLVS).length);
  for (const { name, tag, type, size, min, max } of FACTS.tlvs) {
    const known = standardTlv(tag);
    assert.ok(known !== undefined, name);
    assert.equal(known.name, name);
    assert.equal(standardTlvNamed(name), known);
    assert.equal(known.type, type === "int" ? TLV_TYPES[size ?? 0] : type, name);
    // A text's NUL is often left out, and so is all of it.
    const least = size ?? (type === "cstring" && (min ?? 0) <= 1 ? 0 : (min ?? 0));
    assert.ok(known.least <= least && known.most >= (size ?? max ?? 0), name);
  }
  assert.equal(standardTlv(0x1403), undefined);
  for (const [name, tag] of Object.entries(TAG)) assert.equal(standardTlv(tag)?.name, name);
});
