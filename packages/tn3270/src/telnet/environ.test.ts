import { describe, expect, it } from 'vitest';
import { fromHex, text, toHex } from './client.fixture.ts';
import { Environment } from './environ.ts';

const CGCSGID = 0x02b90025;
const VAR = '00';
const VALUE = '01';
const ESC = '02';
const USERVAR = '03';

const IDENTITY = `${USERVAR}${text('IBMELF')}${VALUE}${text('YES')}${USERVAR}${text('IBMAPPLID')}${VALUE}${text('None')}`;
const KEYBOARD =
  `${USERVAR}${text('CODEPAGE')}${VALUE}${text('037')}${USERVAR}${text('CHARSET')}${VALUE}${text('697')}` +
  `${USERVAR}${text('KBDTYPE')}${VALUE}${text('*SYSVAL')}`;

function answer(environment: Environment, hex: string): string | undefined {
  const reply = environment.answer(fromHex(hex));
  return reply && toHex(reply);
}

describe('Environment', () => {
  it('tells everything when nothing is named, and a group when only the group is (RFC 1572)', () => {
    const environment = new Environment({ cgcsgid: CGCSGID });
    const user = `${VAR}${text('USER')}${VALUE}${text('UNKNOWN')}`;
    expect(answer(environment, '')).toBe(`00${user}${IDENTITY}${KEYBOARD}`);
    expect(answer(environment, VAR)).toBe(`00${user}`);
    expect(answer(environment, `${USERVAR}${VAR}`)).toBe(`00${IDENTITY}${KEYBOARD}${user}`);
  });

  it('tells the variables asked for in their order, and names an unknown one without a value', () => {
    const environment = new Environment({ cgcsgid: CGCSGID, applicationId: 'TSO' });
    const asked = `${USERVAR}${text('IBMAPPLID')}${VAR}${text('ACCT')}${USERVAR}${text('USER')}`;
    expect(answer(environment, asked)).toBe(
      `00${USERVAR}${text('IBMAPPLID')}${VALUE}${text('TSO')}${VAR}${text('ACCT')}${USERVAR}${text('USER')}`,
    );
  });

  it('numbers the device name each time that the host asks for it (RFC 4777)', () => {
    const environment = new Environment({ cgcsgid: CGCSGID, deviceName: 'W==' });
    const asked = `${USERVAR}${text('DEVNAME')}`;
    const names = Array.from({ length: 101 }, () => answer(environment, asked));
    const named = (name: string): string => `00${USERVAR}${text('DEVNAME')}${VALUE}${text(name)}`;
    expect(names.slice(0, 2)).toEqual([named('W01'), named('W02')]);
    expect(names.slice(98)).toEqual([named('W99'), named('W99'), named('W99')]);
    expect(answer(environment, USERVAR)).toContain(text('W=='));
  });

  it('keeps a device name without a number as it is', () => {
    const environment = new Environment({ cgcsgid: CGCSGID, deviceName: 'WS1' });
    const asked = `${USERVAR}${text('DEVNAME')}`;
    expect(answer(environment, asked)).toBe(`00${asked}${VALUE}${text('WS1')}`);
    expect(answer(environment, asked)).toBe(`00${asked}${VALUE}${text('WS1')}`);
  });

  it('escapes the marks of the protocol in values and takes them in names', () => {
    const environment = new Environment({ cgcsgid: CGCSGID, user: 'a\u0001b' });
    expect(answer(environment, `${VAR}${text('USER')}`)).toBe(`00${VAR}${text('USER')}${VALUE}61${ESC}0162`);
    const odd = `${VAR}58${ESC}${USERVAR}${text('IBMELF')}`;
    expect(answer(environment, `${odd}${USERVAR}${text('IBMELF')}`)).toBe(
      `00${odd}${USERVAR}${text('IBMELF')}${VALUE}${text('YES')}`,
    );
  });

  it('tells a code page of more than three digits in full', () => {
    expect(answer(new Environment({ cgcsgid: 0x02b70474, keyboardType: 'USB' }), USERVAR)).toContain(
      `${text('CODEPAGE')}${VALUE}${text('1140')}${USERVAR}${text('CHARSET')}${VALUE}${text('695')}` +
        `${USERVAR}${text('KBDTYPE')}${VALUE}${text('USB')}`,
    );
  });

  it('does not answer a list that begins with no group', () => {
    expect(answer(new Environment({ cgcsgid: CGCSGID }), text('USER'))).toBeUndefined();
  });
});
