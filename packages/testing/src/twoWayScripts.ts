import type { ConformanceCase, EngineSetup } from './conformance.ts';
import { type ScriptedKeys, setupOf, type TwoWayScript } from './twoWayRunner.ts';

/** Types text where the cursor stands, if any, and presses Enter. */
function enter(afterGroup: number, text?: string): ScriptedKeys {
  return {
    afterGroup,
    act(keyboard) {
      if (text !== undefined) keyboard.type(text);
      keyboard.press('Enter');
    },
  };
}

/** Begins a file transfer, for which the reference empties the input field first. */
function transfer(afterGroup: number, command: string): ScriptedKeys {
  return {
    afterGroup,
    act(keyboard) {
      keyboard.press('EraseEOF');
      keyboard.type(command);
      keyboard.press('Enter');
    },
  };
}

function pressed(afterGroup: number, key: 'PF3' | 'SysReq'): ScriptedKeys {
  return { afterGroup, act: (keyboard) => keyboard.press(key) };
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** NEW-ENVIRON answer to a request for all variables: USER, IBMELF, IBMAPPLID, and since then the code page's three. */
function environmentWithCodePage(user: string): Uint8Array {
  return Uint8Array.from(
    Buffer.from(
      `\u00ff\u00fa\u0027\0\0USER\u0001${user}\u0003IBMELF\u0001YES\u0003IBMAPPLID\u0001None` +
        `\u0003CODEPAGE\u0001037\u0003CHARSET\u0001697\u0003KBDTYPE\u0001USB\u00ff\u00f0`,
      'latin1',
    ),
  );
}

const CODE_PAGE_VARIABLES = 'recorded before the reference told CODEPAGE, CHARSET and KBDTYPE (RFC 4777) to every host';

/** The TSO logon that two recordings begin with; the keys are the same up to the ISPF menu. */
const TSO_LOGON: readonly ScriptedKeys[] = [
  enter(6, 'l tso'),
  enter(12, 'ibmuser'),
  enter(14, 'sys1'),
  enter(30),
  pressed(34, 'PF3'),
];

/**
 * What the users of the recordings did, read from the inbound bytes and from the tests of the reference. A recording
 * that is not listed needs neither keys nor options beyond those of `setupOf`.
 */
export const TWO_WAY_SCRIPTS: Readonly<Record<string, TwoWayScript>> = {
  'pr3287-smoke': { through: 1, beyond: 'a printer session: IBM-3287-1, SCS-CTL-CODES' },
  's3270-bid': { keys: [pressed(8, 'PF3')] },
  's3270-contention-resolution': {
    keys: [
      ...TSO_LOGON,
      enter(38, 'netstat'),
      enter(50, 'netstat de'),
      enter(62),
      enter(64),
      enter(66),
      enter(68),
      enter(70),
      enter(72, 'netstat help'),
      enter(76),
      enter(78),
      enter(80),
      enter(82),
      enter(84),
      enter(86),
      enter(88),
      enter(90),
      enter(92),
      enter(94, 'logoff'),
    ],
  },
  // Each further request for DEVNAME gets the next number: `===` stands for three digits.
  's3270-devname_success': { setup: { deviceName: 'foo===' } },
  's3270-elf': { setup: { applicationId: '12345' } },
  's3270-ft_cut': {
    keys: [transfer(2, 'IND$FILE PUT ft text a (ASCII CRLF')],
    through: 5,
    beyond: 'IND$FILE in CUT mode',
  },
  's3270-ft_dft': {
    keys: [transfer(2, 'IND$FILE PUT fttext ASCII CRLF')],
    through: 5,
    beyond: 'IND$FILE in DFT mode',
  },
  's3270-ibmlink': { keys: [pressed(6, 'PF3')] },
  's3270-korean': {
    through: 3,
    beyond: 'a double-byte code page: CODEPAGE 833 in NEW-ENVIRON, Hangul typed into a field',
  },
  's3270-lu': {
    setup: { lu: ['foo'], user: 'foo' },
    superseded: [{ group: 5, bytes: environmentWithCodePage('foo'), why: CODE_PAGE_VARIABLES }],
  },
  's3270-sruvm': {
    keys: [
      {
        afterGroup: 12,
        act(keyboard) {
          // From USERID over PASSWORD to COMMAND.
          keyboard.press('Tab');
          keyboard.press('Tab');
          keyboard.type('logoff');
          keyboard.press('Enter');
        },
      },
    ],
    superseded: [
      {
        group: 11,
        bytes: hex(
          '88000e81808081848586878895a1a60017818101000050002b01000a02e50002006f090c0d7000088184000d7000001b818582' +
            '00090c000000000700100002b900250100f103c3013600268186001000f4f1f1f2f2f3f3f4f4f5f5f6f6f7f7f8f8f9f9fafa' +
            'fbfbfcfcfdfdfefeffffffff000f81870500f0f1f1f2f2f4f4f8f800078188000102000c819500004000400001010012' +
            '81a1000000000000000006a7f3f2f7f0001181a600000b0100005000180050002bffef',
        ),
        why: 'recorded in 2009 on a terminal of eight colours, with a DDM limit of 4,096 bytes and another character set flag',
      },
    ],
  },
  's3270-sscp-lu': {
    keys: [
      ...TSO_LOGON,
      pressed(38, 'SysReq'),
      enter(40, 'foo'),
      pressed(42, 'SysReq'),
      enter(44),
      enter(46),
      enter(50, 'logoff'),
    ],
  },
  's3270-target': {
    setup: { user: 'pdm' },
    superseded: [{ group: 5, bytes: environmentWithCodePage('pdm'), why: CODE_PAGE_VARIABLES }],
  },
  's3270-tn3270e-renegotiate': { keys: [enter(8, 'uvvm'), pressed(20, 'PF3')] },
};

/** Cases whose subject is more than a single-byte display, and what the runners make of them. */
export const CASE_NOTES: Readonly<Record<string, string>> = {
  'pr3287-smoke': 'a printer session; the state is that of a display which refuses what the printer had agreed to',
  's3270-930': 'Japanese (930); the reference ran it with the single-byte page 037, and so does the state runner',
  's3270-dbcs_combo_mod': 'mixed character sets; the reference ran it with the single-byte page 037',
  's3270-ft_cut': 'file transfer in CUT mode; for the state a display without a transfer, which shows the frames',
  's3270-ft_dft': 'file transfer in DFT mode; for the state a display without a transfer, which does not answer it',
  's3270-korean':
    'Korean (833+834); the reference ran it with the single-byte page 037, as its CODEPAGE variable shows',
};

/** Whether a recording has anything to demand of the emulator. */
export function isTwoWay({ trace }: Pick<ConformanceCase, 'trace'>): boolean {
  return trace.groups.some(({ direction }) => direction === '>');
}

/** The script of a recording, and how its engine is to be started. */
export function twoWayScriptOf({ name, trace }: Pick<ConformanceCase, 'name' | 'trace'>): {
  readonly setup: EngineSetup;
  readonly script: TwoWayScript;
} {
  const script = TWO_WAY_SCRIPTS[name] ?? {};
  return { setup: { ...setupOf(trace), ...script.setup }, script };
}
