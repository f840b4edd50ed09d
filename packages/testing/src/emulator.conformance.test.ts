import { codePage } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { loadCases } from './conformance.ts';
import { EmulatorUnderTest } from './emulatorUnderTest.ts';
import { runStateCase } from './stateRunner.ts';
import { runTwoWayCase, setupOf } from './twoWayRunner.ts';
import { TWO_WAY_SCRIPTS } from './twoWayScripts.ts';

const { cases, reason } = loadCases();
const rpqName = Uint8Array.from('Roundhouse', (character) =>
  codePage('037').fromUnicode(character.codePointAt(0) as number),
);

describe.skipIf(cases.length === 0)(`recordings of the reference ${reason ?? ''}`, () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s: screens, locks and replies, record by record', (_name, each) => {
    const differences = runStateCase(new EmulatorUnderTest(each.setup), each, { rpqName });
    expect(differences.map(({ message }) => message)).toEqual([]);
  });

  const twoWay = cases.filter(({ trace }) => trace.groups.some(({ direction }) => direction === '>'));
  it.each(twoWay.map((each) => [each.name, each] as const))('%s: both sides, with the keys of its user', (name, each) => {
    const script = TWO_WAY_SCRIPTS[name] ?? {};
    const engine = new EmulatorUnderTest({ ...setupOf(each.trace), ...script.setup });
    expect(runTwoWayCase(engine, each.trace, script, { rpqName }).map(({ message }) => message)).toEqual([]);
  });
});
