import { codePage } from '@roundhouse/tn3270';
import { describe, expect, it } from 'vitest';
import { loadCases } from './conformance.ts';
import { EmulatorUnderTest } from './emulatorUnderTest.ts';
import { runStateCase } from './stateRunner.ts';
import { runTwoWayCase } from './twoWayRunner.ts';
import { isTwoWay, twoWayScriptOf } from './twoWayScripts.ts';

const { cases, reason } = loadCases();
const rpqName = Uint8Array.from('Roundhouse', (character) =>
  codePage('037').fromUnicode(character.codePointAt(0) as number),
);

describe.skipIf(cases.length === 0)(`recordings of the reference ${reason ?? ''}`, () => {
  it.each(cases.map((each) => [each.name, each] as const))(
    '%s: screens, locks and replies, record by record',
    (_name, each) => {
      const differences = runStateCase(new EmulatorUnderTest(each.setup), each, { rpqName });
      expect(differences.map(({ message }) => message)).toEqual([]);
    },
  );

  it.each(cases.filter(isTwoWay).map((each) => [each.name, each] as const))(
    '%s: both sides, with the keys of its user',
    (_name, each) => {
      const { setup, script } = twoWayScriptOf(each);
      const differences = runTwoWayCase(new EmulatorUnderTest(setup), each.trace, script, { rpqName });
      expect(differences.map(({ message }) => message)).toEqual([]);
    },
  );
});
