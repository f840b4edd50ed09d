import { defineErrors } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { loadCases } from './conformance.ts';
import { IAC } from './telnet.ts';
import { joinBytes, parseTrace, splitRecords, type Trace, type TraceGroup } from './trace.ts';
import { runTwoWayCase, setupOf, type TwoWayEngine, type TwoWayScript } from './twoWayRunner.ts';
import { CASE_NOTES, isTwoWay, TWO_WAY_SCRIPTS, twoWayScriptOf } from './twoWayScripts.ts';

const lockedError = defineErrors({ KEYBOARD_LOCKED: { message: 'locked', hint: '', retryable: true, status: 409 } });

/** Answers each group of the host with the recorded group of the emulator, and keeps the keys. */
class RecordedPeer implements TwoWayEngine {
  readonly keys: string[] = [];
  readonly #trace: Trace;
  readonly #script: TwoWayScript;
  #group = -2;

  constructor(trace: Trace, script: TwoWayScript = {}) {
    this.#trace = trace;
    this.#script = script;
  }

  feed(): void {
    this.#group += 2;
  }

  takeOutput(): Uint8Array {
    const group = this.#group + 1;
    const superseded = this.#script.superseded?.find((other) => other.group === group);
    return superseded?.bytes ?? (this.#trace.groups[group] as TraceGroup).bytes;
  }

  press(key: string): void {
    this.keys.push(`${this.#group}:${key}`);
  }

  type(text: string): void {
    this.keys.push(`${this.#group}:"${text}"`);
  }

  moveCursor(row: number, column: number): void {
    this.keys.push(`${this.#group}:${row},${column}`);
  }
}

const TRACE = parseTrace('< 0x0 fffd28\n> 0x0 fffb28\n< 0x0 f5c3ffef\n> 0x0 7d4040ffef\n< 0x0 f1c2ffef');

describe('runTwoWayCase', () => {
  it('passes a peer that answers as recorded, and acts after the groups named', () => {
    const peer = new RecordedPeer(TRACE);
    const keys = [
      {
        afterGroup: 2,
        act: (keyboard: TwoWayEngine) => {
          keyboard.type('x');
          keyboard.moveCursor(2, 3);
          keyboard.press('Enter');
        },
      },
    ];
    expect(runTwoWayCase(peer, TRACE, { keys })).toEqual([]);
    expect(peer.keys).toEqual(['2:"x"', '2:2,3', '2:Enter']);
  });

  it('ends at the first group that differs', () => {
    const peer = new RecordedPeer(parseTrace('< 0x0 fffd28\n> 0x0 fffc28\n< 0x0 00\n> 0x0 00'));
    expect(runTwoWayCase(peer, TRACE)).toEqual([
      {
        step: 1,
        what: 'reply',
        message: 'group 1: reply: 3 bytes instead of 3, first difference at byte 1: expected ff|fb28, got ff|fc28',
      },
    ]);
  });

  it('reports keys that the engine refuses', () => {
    const peer = new RecordedPeer(TRACE);
    peer.press = () => {
      throw lockedError('KEYBOARD_LOCKED');
    };
    const keys = [{ afterGroup: 2, act: (keyboard: TwoWayEngine) => keyboard.press('Enter') }];
    expect(runTwoWayCase(peer, TRACE, { keys })).toEqual([
      { step: 2, what: 'keys', message: 'after group 2: keys: KEYBOARD_LOCKED: locked' },
    ]);
  });

  it('demands what replaces a superseded group, and nothing after the last group to play', () => {
    const bytes = Uint8Array.of(0xff, 0xfc, 0x28);
    const script: TwoWayScript = { superseded: [{ group: 1, bytes, why: 'for this test' }], through: 1 };
    expect(runTwoWayCase(new RecordedPeer(TRACE, script), TRACE, script)).toEqual([]);
    expect(runTwoWayCase(new RecordedPeer(TRACE), TRACE, script)).toHaveLength(1);
  });
});

describe('setupOf', () => {
  const sent = (hex: string): Trace => parseTrace(`< 0x0 00\n> 0x0 ${hex}`);

  it('reads the model from the device type that was sent', () => {
    expect(setupOf(sent(Buffer.from('IBM-3278-5-E').toString('hex'))).model).toBe('3279-5-E');
  });

  it('falls back on the header, then on the default', () => {
    expect(setupOf(parseTrace(' Model 3279-2-E, 24 rows')).model).toBe('3279-2-E');
    expect(setupOf(parseTrace('')).model).toBe('3279-4-E');
  });

  it('sees whether contention resolution was asked for', () => {
    expect(setupOf(sent('fffa280307000205fff0')).compat.contentionResolution).toBe(true);
    expect(setupOf(sent('fffa280307000204fff0')).compat.contentionResolution).toBe(false);
  });

  it('knows the wrong terminal name by models that have none', () => {
    const named = (name: string): boolean | undefined =>
      setupOf(sent(Buffer.from(name).toString('hex'))).compat.wrongTerminalName;
    expect(named('IBM-3279-4-E')).toBe(true);
    expect(named('IBM-3279-2-E')).toBe(false);
  });
});

/** Code page 037, as far as the users of the recordings typed it. */
const EBCDIC = new Map<string, number>([
  [' ', 0x40],
  ['$', 0x5b],
  ['(', 0x4d],
  ['1', 0xf1],
  ...'abcdefghi'.split('').flatMap(
    (letter, index): Array<[string, number]> => [
      [letter, 0x81 + index],
      [letter.toUpperCase(), 0xc1 + index],
    ],
  ),
  ...'jklmnopqr'.split('').flatMap(
    (letter, index): Array<[string, number]> => [
      [letter, 0x91 + index],
      [letter.toUpperCase(), 0xd1 + index],
    ],
  ),
  ...'stuvwxyz'.split('').flatMap(
    (letter, index): Array<[string, number]> => [
      [letter, 0xa2 + index],
      [letter.toUpperCase(), 0xe2 + index],
    ],
  ),
]);
const USER_AIDS: Readonly<Record<number, string>> = { 0x7d: 'Enter', 0xf3: 'PF3' };

/** The keys that a group of the emulator must come from: text of the last field or line, then the key. */
function userKeysOf(bytes: Uint8Array, tn3270e: boolean): string[] {
  return splitRecords(bytes).flatMap((record) => {
    if (record[0] === IAC) return record[1] === 0xf5 ? ['SysReq'] : [];
    const dataType = tn3270e ? record[0] : 0;
    // SSCP-LU-DATA and NVT-DATA carry the line alone. RFC 2355 §8.1.1
    if (dataType === 7 || dataType === 5) return ['Enter'];
    const key = dataType === 0 ? USER_AIDS[record[tn3270e ? 5 : 0] as number] : undefined;
    return key === undefined ? [] : [key];
  });
}

const { cases, reason } = loadCases();
const twoWay = cases.filter(isTwoWay);

describe.skipIf(cases.length === 0)(`the recordings (${reason ?? `${twoWay.length} of both sides`})`, () => {
  it('are all that the scripts and notes speak of', () => {
    const names = new Set(cases.map(({ name }) => name));
    expect(Object.keys(TWO_WAY_SCRIPTS).filter((name) => !names.has(name))).toEqual([]);
    expect(Object.keys(CASE_NOTES).filter((name) => !names.has(name))).toEqual([]);
  });

  it.each(twoWay)('$name: the keys stand where the recording has the user’s input, and nowhere else', (testCase) => {
    const { trace } = testCase;
    const { script } = twoWayScriptOf(testCase);
    const peer = new RecordedPeer(trace, script);
    expect(runTwoWayCase(peer, trace, script)).toEqual([]);

    // FUNCTIONS IS ends the negotiation of TN3270E (RFC 2355 §7.2); without it the records have no header.
    const tn3270e = trace.groups.some(({ bytes }) => Buffer.from(bytes).includes(Buffer.of(0x28, 3, 4)));
    const last = script.through ?? trace.groups.length - 1;
    const recorded = trace.groups.flatMap(({ direction, bytes }, index) =>
      direction === '>' && index <= last ? userKeysOf(bytes, tn3270e).map((key) => `${index - 1}:${key}`) : [],
    );
    const pressed = peer.keys.filter((key) => /:(Enter|PF3|SysReq)$/.test(key));
    expect(pressed).toEqual(recorded);
  });

  it.each(twoWay)('$name: the text that is typed is in the group that follows', (testCase) => {
    const { trace } = testCase;
    const { script } = twoWayScriptOf(testCase);
    const peer = new RecordedPeer(trace, script);
    runTwoWayCase(peer, trace, script);
    for (const key of peer.keys) {
      const [, group, text] = /^(\d+):"(.*)"$/.exec(key) ?? [];
      if (group === undefined || text === undefined) continue;
      const answer = Buffer.from((trace.groups[Number(group) + 1] as TraceGroup).bytes);
      const ebcdic = Buffer.from(Array.from(text, (letter) => EBCDIC.get(letter) as number));
      expect(answer.includes(ebcdic) || answer.includes(Buffer.from(text, 'latin1'))).toBe(true);
    }
  });

  it.each(twoWay)('$name: another byte in an answer is found', (testCase) => {
    const { trace } = testCase;
    const { script } = twoWayScriptOf(testCase);
    const peer = new RecordedPeer(trace, script);
    const recorded = peer.takeOutput.bind(peer);
    peer.takeOutput = () => joinBytes([recorded(), Uint8Array.of(0)]);
    expect(runTwoWayCase(peer, trace, script)).toMatchObject([{ step: 1, what: 'reply' }]);
  });
});
