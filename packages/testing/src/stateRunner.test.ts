import { describe, expect, it } from 'vitest';
import { type ConformanceCase, type EngineUnderTest, type ExpectedStep, loadCases } from './conformance.ts';
import { differenceOfBuffers, runStateCase } from './stateRunner.ts';
import { DO_TIMING_MARK, WONT_TIMING_MARK } from './telnet.ts';
import { bytesOf, joinBytes, parseTrace } from './trace.ts';

/** Says at each timing mark what the expectation says, and so stands for an engine without a fault. */
class RecordedEngine implements EngineUnderTest {
  readonly received: Uint8Array[] = [];
  readonly #steps: readonly ExpectedStep[];
  #step: ExpectedStep;

  constructor(steps: readonly ExpectedStep[]) {
    this.#steps = steps;
    this.#step = steps[0] as ExpectedStep;
  }

  feed(bytes: Uint8Array): void {
    this.#step = this.#steps[this.received.length] as ExpectedStep;
    this.received.push(bytes);
  }

  takeOutput(): Uint8Array {
    return joinBytes([this.#step.reply, WONT_TIMING_MARK]);
  }

  get connectionState(): string {
    return this.#step.state;
  }

  get locked(): boolean {
    return this.#step.locked;
  }

  get size(): string {
    return this.#step.size;
  }

  get cursor(): string {
    return this.#step.cursor;
  }

  dump(): string[] {
    return [...this.#step.buffer];
  }
}

const FIRST: ExpectedStep = {
  record: 0,
  reply: Uint8Array.of(0xff, 0xfb, 0x28),
  state: 'telnet-pending',
  locked: true,
  size: '2 3',
  cursor: 'row 1 column 1 offset 0',
  buffer: ['00 00 00', '00 00 00'],
};
const SECOND: ExpectedStep = {
  ...FIRST,
  record: 1,
  reply: new Uint8Array(0),
  state: 'connected-3270',
  locked: false,
  buffer: ['SF(c0=e0) SA(42=f1) c1 c2', 'GE(a2) 00 00'],
};
const CASE: Pick<ConformanceCase, 'trace' | 'steps'> = {
  trace: parseTrace('< 0x0 fffd28f5c3c1ffef\n> 0x0 fffb28\n< 0x0 f1c2ffef'),
  steps: [FIRST, SECOND],
};

describe('runStateCase', () => {
  it('passes an engine that holds what the reference held', () => {
    const engine = new RecordedEngine(CASE.steps);
    expect(runStateCase(engine, CASE)).toEqual([]);
    expect(joinBytes(engine.received)).toEqual(
      joinBytes([
        Uint8Array.of(0xff, 0xfd, 0x28, 0xf5, 0xc3, 0xc1, 0xff, 0xef),
        DO_TIMING_MARK,
        Uint8Array.of(0xf1, 0xc2, 0xff, 0xef),
        DO_TIMING_MARK,
      ]),
    );
  });

  it.each<[string, Partial<ExpectedStep>, string]>([
    [
      'a cell',
      { buffer: ['SF(c0=e0) SA(42=f1) c1 c3', 'GE(a2) 00 00'] },
      'record 1: buffer: row 1 column 3: expected c2, got c3 (1 cell differs)',
    ],
    [
      'an attribute',
      { buffer: ['SF(c0=e0) c1 c2', 'GE(a2) 00 00'] },
      'record 1: buffer: row 1 column 2: expected SA(42=f1) c1, got c1 (1 cell differs)',
    ],
    [
      'a reply',
      { reply: Uint8Array.of(0xff, 0xfc, 0x28) },
      'record 1: reply: 3 bytes instead of 0, first difference at byte 0: expected nothing, got |fffc28',
    ],
    ['the lock', { locked: true }, 'record 1: lock: expected false, got true'],
    ['the state', { state: 'connected-nvt' }, 'record 1: state: expected connected-3270, got connected-nvt'],
    ['the size', { size: '43 80' }, 'record 1: size: expected 2 3, got 43 80'],
    [
      'the cursor',
      { cursor: 'row 1 column 2 offset 1' },
      'record 1: cursor: expected row 1 column 1 offset 0, got row 1 column 2 offset 1',
    ],
  ])('reports the one difference when %s differs', (_, altered, message) => {
    const engine = new RecordedEngine([FIRST, { ...SECOND, ...altered }]);
    expect(runStateCase(engine, CASE).map((difference) => difference.message)).toEqual([message]);
  });

  it('reports a timing mark that is not answered, and judges the reply all the same', () => {
    const engine = new RecordedEngine(CASE.steps);
    engine.takeOutput = () => Uint8Array.of(0xff, 0xfb, 0x28);
    expect(runStateCase(engine, CASE).map(({ step, what }) => `${step} ${what}`)).toEqual([
      '0 timing mark',
      '1 timing mark',
      '1 reply',
    ]);
  });

  it('accepts the name that the engine gives itself in the RPQ names', () => {
    const reply = (name: string): Uint8Array => Uint8Array.from(Buffer.from(name, 'hex'));
    const reference = { ...SECOND, reply: reply('88001281a1000000000000000006a7f3f2f7f0ffef') };
    const engine = new RecordedEngine([FIRST, { ...SECOND, reply: reply('88000f81a1000000000000000003d9c8ffef') }]);
    const both = { ...CASE, steps: [FIRST, reference] };
    expect(runStateCase(engine, both, { rpqName: Uint8Array.of(0xd9, 0xc8) })).toEqual([]);
    expect(runStateCase(new RecordedEngine(both.steps), both)).toEqual([]);
  });

  it('refuses an expectation that does not belong to the trace', () => {
    expect(() => runStateCase(new RecordedEngine([FIRST]), { ...CASE, steps: [FIRST] })).toThrow(/2 records.*1 steps/);
  });
});

describe('differenceOfBuffers', () => {
  it('says which cell is missing when a row is short or absent', () => {
    expect(differenceOfBuffers(['00 c1'], ['00'])).toBe('row 1 column 2: expected c1, got no cell (1 cell differs)');
    expect(differenceOfBuffers(['00'], ['00', 'c1 c2'])).toBe(
      'row 2 column 1: expected no cell, got c1 (2 cells differ)',
    );
  });
});

const { cases, reason } = loadCases();

describe.skipIf(cases.length === 0)(`the recordings (${reason ?? `${cases.length} cases`})`, () => {
  it.each(cases)('$name: an engine that repeats the reference passes', (testCase) => {
    expect(runStateCase(new RecordedEngine(testCase.steps), testCase)).toEqual([]);
  });

  it.each(cases)('$name: an altered cell in the last record is found', (testCase) => {
    const last = testCase.steps.at(-1) as ExpectedStep;
    const altered = last.buffer.with(0, (last.buffer[0] as string).replace(/\S+$/, '5c'));
    const engine = new RecordedEngine(testCase.steps.with(-1, { ...last, buffer: altered }));
    const columns = Number(last.size.split(' ')[1]);
    expect(runStateCase(engine, testCase)).toMatchObject([
      { step: last.record, what: 'buffer', message: expect.stringContaining(`row 1 column ${columns}: `) },
    ]);
  });

  it.each(cases)('$name: begins with bytes of the host', ({ trace }) => {
    expect(bytesOf(trace, '<').length).toBeGreaterThan(0);
  });
});
