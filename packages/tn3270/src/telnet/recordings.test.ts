import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fromHex, ScriptedClient, toHex } from './client.fixture.ts';
import { encodeNegotiation, encodeSubnegotiation } from './encode.ts';
import { TelnetParser } from './parser.ts';

const FOLDER = fileURLToPath(new URL('../../../../../shared/conformance/tn3270/', import.meta.url));

interface Expected {
  readonly model: string;
  readonly steps: ReadonlyArray<{ readonly record: number; readonly reply: string; readonly state: string }>;
}

/** The bytes of the host in a recording, a record at a time; what follows the last record is one more. */
function hostRecords(name: string): Uint8Array[] {
  const lines = readFileSync(`${FOLDER}traces/${name}.trc`, 'latin1').split('\n');
  const hex = lines.map((line) => /^< 0x\w+ +([0-9a-f]+)/.exec(line)?.[1] ?? '').join('');
  const bytes = fromHex(hex);
  const records: Uint8Array[] = [];
  let start = 0;
  const parser = new TelnetParser({
    data: () => undefined,
    command: (code) => {
      if (code !== 0xef) return;
      records.push(bytes.subarray(start, at + 1));
      start = at + 1;
    },
    negotiate: () => undefined,
    subnegotiate: () => undefined,
    subnegotiationOverflow: () => undefined,
  });
  let at = 0;
  for (; at < bytes.length; at++) parser.push(bytes.subarray(at, at + 1));
  if (start < bytes.length) records.push(bytes.subarray(start));
  return records;
}

/** Negotiations and subnegotiations alone, each as hex. */
function negotiations(hex: string): string[] {
  const found: string[] = [];
  new TelnetParser({
    data: () => undefined,
    command: () => undefined,
    negotiate: (verb, option) => found.push(toHex(encodeNegotiation(verb, option))),
    subnegotiate: (option, payload) => found.push(toHex(encodeSubnegotiation(option, payload))),
    subnegotiationOverflow: () => undefined,
  }).push(fromHex(hex));
  return found;
}

describe.skipIf(!existsSync(FOLDER))('recorded hosts', () => {
  const names = existsSync(FOLDER) ? readdirSync(`${FOLDER}expected`).map((file) => file.replace('.json', '')) : [];

  it.each(names)('%s: negotiates as the reference does and reaches its states', (name) => {
    const expected = JSON.parse(readFileSync(`${FOLDER}expected/${name}.json`, 'utf8')) as Expected;
    const scripted = new ScriptedClient({ model: expected.model });
    const records = hostRecords(name);
    for (const step of expected.steps) {
      const before = scripted.sent.length;
      scripted.client.receive(records[step.record] as Uint8Array);
      expect({
        record: step.record,
        sent: negotiations(scripted.sent.slice(before)),
        state: scripted.client.state,
      }).toEqual({ record: step.record, sent: negotiations(step.reply), state: step.state });
    }
  });
});
