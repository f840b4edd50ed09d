import { bytesOf, EmulatorUnderTest, FakeClock, loadCases, splitRecords } from '@roundhouse/testing';
import { dumpScreen, resolveSessionOptions } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { parseSnapshot, serializeSnapshot } from './serialize.ts';
import { restoreScreen, takeSnapshot } from './snapshot.ts';

const { cases, reason } = loadCases();
const clock = new FakeClock();
const key = Buffer.alloc(32, 1);

describe.skipIf(cases.length === 0)(`screens of recordings ${reason ?? ''}`, () => {
  it.each(cases.map((each) => [each.name, each] as const))(
    '%s: each screen survives serialise and restore',
    (_name, { setup, trace }) => {
      const under = new EmulatorUnderTest(setup);
      const { screen, keyboard, telnet } = under.emulator;
      const { codePage, model } = resolveSessionOptions({ host: '127.0.0.1', port: 23, ...setup });
      for (const record of splitRecords(bytesOf(trace, '<'))) {
        under.feed(record);
        const source = {
          screen,
          codePage,
          model,
          lockReason: keyboard.reason,
          connectionState: telnet.state,
          lu: telnet.lu,
          pluName: telnet.pluName,
        };
        const text = serializeSnapshot(takeSnapshot(source, { clock, hidden: 'kept' }), { key, hidden: 'kept' });
        const restored = restoreScreen(parseSnapshot(text, { key }));
        expect(restored.cells).toEqual(screen.cells);
        expect(restored.cursor).toBe(screen.cursor);
        expect(restored.fieldStarts).toEqual(screen.fieldStarts);
        expect(restored.cells.map((_, at) => restored.unicodeAt(at))).toEqual(
          screen.cells.map((_, at) => screen.unicodeAt(at)),
        );
        expect(dumpScreen(restored)).toEqual(under.dump());
      }
    },
  );
});
