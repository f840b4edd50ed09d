import { systemClock } from '@roundhouse/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dumpScreen } from '../screen/dump.ts';
import { encodeRecord } from '../telnet/encode.ts';
import { Emulator } from './emulator.ts';
import { LatestPicture } from './latestPicture.ts';
import { resolveSessionOptions } from './options.ts';
import type { Relay } from './relay.ts';

const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const hex = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : Buffer.from(bytes).toString('hex'));

describe('of several records that draw a whole screen', () => {
  it('the last is kept, with what the others asked for beside drawing', () => {
    const latest = new LatestPicture();
    expect(latest.keep(bytesOf('f5 c7 c1'))).toBe(true);
    expect(latest.keep(bytesOf('7e 40 c2c2'))).toBe(true);
    expect(hex(latest.take())).toBe('7e46c2c2');
    expect(latest.take()).toBeUndefined();
    expect(latest.keep(bytesOf('f5 40 c3'))).toBe(true);
    expect(hex(latest.take())).toBe('f540c3');
  });

  it.each(['f1 c3 c1', 'f3 00', 'f2', '6f', 'f5', ''])('%s is none', (record) => {
    expect(new LatestPicture().keep(bytesOf(record))).toBe(false);
  });
});

/** DO TTYPE, EOR and BINARY both ways. RFC 1576. */
const CLASSIC = bytesOf('fffd18 fffd19fffb19 fffd00fffb00');
const RELAY: Relay = { record() {}, settled() {}, drained() {}, ended() {} };

function emulator(): { readonly emulator: Emulator; readonly alarms: () => number } {
  let alarms = 0;
  const made = new Emulator(resolveSessionOptions({ host: 'h', port: 23, model: '3279-4-E' }), systemClock, {
    send() {},
    stateChanged() {},
    lockChanged() {},
    alarm() {
      alarms++;
    },
    hostWrote() {},
    deviceRejected() {},
    startTls() {},
    failed(error) {
      throw error;
    },
  });
  made.receive(CLASSIC);
  return { emulator: made, alarms: () => alarms };
}

const wcc = fc.constantFrom('40', '42', '46', 'c3', 'c2', 'c7', '03');
const body = fc.constantFrom(
  '',
  '114040 1d60c1c2c3 1d40 13',
  'c1c2 ffff',
  '115d7f c1',
  '117f7f',
  '3c404bd5',
  '29 02 c060 42f2 c5',
);
const record = fc.oneof(
  fc.tuple(fc.constantFrom('f5', '7e', '05', '0d', 'f1', '01'), wcc, body).map((parts) => parts.join('')),
  fc.constantFrom('6f', 'f2', 'f6', 'f3 0005 01 ff02', 'f3 0006 09 00 02 41', 'f5', 'f1', 'ee'),
);

describe('a session under a relay', () => {
  it('shows after any records in one piece what it shows without a relay record by record', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), (records) => {
        const plain = emulator();
        const relayed = emulator();
        relayed.emulator.attach(RELAY);
        const framed = records.map((each) => encodeRecord(bytesOf(each)));
        for (const each of framed) plain.emulator.receive(each);
        relayed.emulator.receive(Buffer.concat(framed));
        const seen = ({ emulator: { screen, terminal, keyboard }, alarms }: typeof plain) => ({
          cells: dumpScreen(screen),
          cursor: screen.cursor,
          rows: screen.rows,
          replyMode: terminal.replyMode.kind,
          lock: keyboard.reason,
          hasRung: alarms() > 0,
        });
        expect(seen(relayed)).toEqual(seen(plain));
      }),
      { numRuns: 400 },
    );
  });
});
