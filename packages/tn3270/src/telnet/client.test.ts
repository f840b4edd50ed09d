import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseModel } from '../terminal/model.ts';
import { fromHex, ScriptedClient, type ScriptedOptions, text, toHex } from './client.fixture.ts';
import { telnetTables } from './code.ts';
import { tn3270eTables } from './tn3270e.ts';

const SE = 'fff0';
const DO_TN3270E = 'fffd28';
const SEND_DEVICE_TYPE = `fffa280802${SE}`;
const DEVICE_IS = `fffa280204${text('IBM-3278-4-E')}01${text('LU1')}${SE}`;
const functionsIs = (codes: string): string => `fffa280304${codes}${SE}`;
const functionsRequest = (codes: string): string => `fffa280307${codes}${SE}`;
const deviceRequest = (name: string): string => `fffa280207${name}${SE}`;
const reject = (reason: string): string => `fffa28020605${reason}${SE}`;
const SEND_TTYPE = `fffa1801${SE}`;
const ttypeIs = (name: string): string => `fffa1800${text(name)}${SE}`;
const CLASSIC = `fffd18${SEND_TTYPE}fffd19fffb19fffd00fffb00`;
/** RFC 2355 §8.1.1 BIND-IMAGE record; PLU `APP`, 24 × 80 and 43 × 80. */
const BIND = `0300000000 31${'00'.repeat(19)}18502b507f0000 03c1d7d700 ffef`;
const DATA_TYPE_3270 = '00';

/** A client on a TN3270E session, negotiated; sends and events so far are forgotten. */
function enhanced(functions = '000204', options: ScriptedOptions = {}): ScriptedClient {
  const scripted = new ScriptedClient(options);
  scripted.host(`${DO_TN3270E}${SEND_DEVICE_TYPE}${DEVICE_IS}${functionsIs(functions)}`);
  forget(scripted);
  return scripted;
}

/** One on which an application is bound. */
function bound(functions?: string, options?: ScriptedOptions): ScriptedClient {
  const scripted = enhanced(functions, options);
  scripted.host(BIND);
  forget(scripted);
  return scripted;
}

function classic(options?: ScriptedOptions): ScriptedClient {
  const scripted = new ScriptedClient(options);
  scripted.host(CLASSIC);
  forget(scripted);
  return scripted;
}

function forget(scripted: ScriptedClient): void {
  scripted.sent = '';
  scripted.events.length = 0;
}

describe('classic TN3270', () => {
  it('negotiates terminal type, end of record and binary (RFC 1576)', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host('fffd18')).toBe('fffb18');
    expect(scripted.host(SEND_TTYPE)).toBe(ttypeIs('IBM-3278-4-E'));
    expect(scripted.host('fffd19fffb19')).toBe('fffb19fffd19');
    expect(scripted.host('fffd00fffb00')).toBe('fffb00fffd00');
    expect(scripted.events).toEqual(['telnet-pending > connected-3270']);
  });

  it('offers EOR of its own when only the host does, once', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host('fffb19')).toBe('fffd19fffb19');
    expect(scripted.host('fffd19fffb19')).toBe('');
  });

  it.each([
    ['3279-2-E', false, 'IBM-3279-2-E'],
    ['3279-4-E', false, 'IBM-3278-4-E'],
    ['3279-4-E', true, 'IBM-3279-4-E'],
    ['3278-5', false, 'IBM-3278-5'],
    ['IBM-DYNAMIC', false, 'IBM-DYNAMIC'],
  ])('names a %s (wrong terminal name %s) %s', (model, wrongTerminalName, name) => {
    expect(new ScriptedClient({ model, compat: { wrongTerminalName } }).host(SEND_TTYPE)).toBe(ttypeIs(name));
  });

  it('asks for one LU after the other (RFC 1646) and gives up when the host has refused all', () => {
    const scripted = new ScriptedClient({ lus: ['LU1', 'LÜ2'] });
    expect(scripted.host(SEND_TTYPE)).toBe(ttypeIs('IBM-3278-4-E@LU1'));
    expect(scripted.host(SEND_TTYPE)).toBe(ttypeIs('IBM-3278-4-E@L??2'));
    expect(scripted.host(`${SEND_TTYPE}fffd18`)).toBe('');
    expect(scripted.failures.map(({ code, details }) => [code, details.lu])).toEqual([['LU_UNKNOWN', 'LU1, LÜ2']]);
    expect(scripted.client.receive(fromHex('fffd18'))).toBe(0);
  });

  it('hands on records without IAC doubling and sends them with', () => {
    const scripted = classic();
    scripted.host('f1c3ffff40ffef');
    expect(scripted.events).toEqual(['3270-data f1c3ff40']);
    expect(scripted.client.sendRecord(fromHex('7dff40'))).toBe(true);
    expect(scripted.sent).toBe('7dffff40ffef');
    expect(scripted.client.counters).toMatchObject({ recordsReceived: 1, recordsSent: 1 });
  });

  it('keeps nothing of a chunk: the buffer may be used again before the record ends', () => {
    const scripted = classic();
    const chunk = fromHex('f1c340');
    scripted.client.receive(chunk);
    chunk.fill(0xee);
    scripted.host('41ffef');
    expect(scripted.events).toEqual(['3270-data f1c34041']);
  });

  it('has no responses, SYSREQ by AO, or NVT', () => {
    const scripted = classic();
    scripted.outcomes.push('bad-command');
    scripted.host('99ffef');
    expect(scripted.client.sendAbortOutput()).toBe(false);
    expect(scripted.client.sendNvt(fromHex('61'))).toBe(false);
    expect(scripted.sent).toBe('');
    scripted.client.sendBreak();
    scripted.client.sendInterrupt();
    scripted.client.sendNop();
    expect(scripted.sent).toBe('fff3fff4fff1');
  });
});

describe('options', () => {
  it('answers a request once and a repetition not at all (RFC 854)', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host('fffd00fffd00fffb03fffb03')).toBe('fffb00fffd03');
    expect(scripted.host('fffe00fffe00fffc03fffc03')).toBe('fffc00fffe03');
  });

  it('refuses what it does not know, timing marks among them (RFC 860)', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host('fffd06fffd22fffb05fffd01')).toBe('fffc06fffc22fffe05fffc01');
    expect(scripted.client.counters.optionsRefused).toBe(4);
  });

  it('tells the window size at every DO NAWS, IAC doubled (RFC 1073)', () => {
    const model = { ...parseModel('3278-2'), oversize: true, alternateSize: { rows: 62, columns: 255 } };
    const scripted = new ScriptedClient({ model });
    expect(scripted.host('fffd1f')).toBe(`fffb1ffffa1f00ffff003e${SE}`);
    expect(scripted.host('fffd1f')).toBe(`fffa1f00ffff003e${SE}`);
  });

  it('keeps the terminal type back until the host has asked for the environment (RFC 4777)', () => {
    const scripted = new ScriptedClient({ user: 'JOE' });
    expect(scripted.host('fffd27fffd18')).toBe('fffb27');
    expect(scripted.host(`fffa270100${text('USER')}${SE}`)).toBe(
      `fffa270000${text('USER')}01${text('JOE')}${SE}fffb18`,
    );
    expect(scripted.host('fffd18')).toBe('');
    expect(scripted.host('fffe18fffd18')).toBe('fffc18fffb18');
  });

  it('forgets a terminal type kept back when the host does not want it any more', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host(`fffd27fffd18fffe18fffa270103${text('X')}${SE}`)).toBe(
      `fffb27fffc18fffa270003${text('X')}${SE}`,
    );
  });

  it('refuses what its options turn off', () => {
    const compat = { tn3270e: false, newEnviron: false, startTls: false };
    const scripted = new ScriptedClient({ compat });
    expect(scripted.host('fffd28fffb28fffd27fffd2e')).toBe('fffc28fffe28fffc27fffc2e');
    expect(scripted.host(`fffa2701${SE}`)).toBe('');
    expect(scripted.client.counters).toMatchObject({ optionsRefused: 4, subnegotiationsIgnored: 1 });
  });
});

describe('STARTTLS', () => {
  it('answers, and leaves what follows the answer of the host to TLS', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host('fffd2e')).toBe(`fffb2efffa2e01${SE}`);
    expect(scripted.client.receive(fromHex(`fffa2e01${SE}160301fffd18`))).toBe(6);
    expect(scripted.events).toEqual(['start tls']);
    expect(scripted.sent).toBe(`fffb2efffa2e01${SE}`);
    scripted.client.tlsStarted();
    expect(scripted.host('fffd18fffd2e')).toBe('fffb18fffc2e');
    scripted.host(`fffa2e01${SE}`);
    expect(scripted.events).toEqual(['start tls']);
  });

  it('is refused within TLS, and ignored unasked', () => {
    const scripted = new ScriptedClient({ tlsActive: true });
    expect(scripted.host(`fffd2efffa2e01${SE}`)).toBe('fffc2e');
    expect(scripted.events).toEqual([]);
  });

  it('fails when the host answers something else', () => {
    const scripted = new ScriptedClient();
    scripted.host(`fffd2efffa2e02${SE}`);
    expect(scripted.events).toEqual(['failed START_TLS_FAILED']);
  });
});

describe('NVT', () => {
  it('begins with the first character, and changes between lines and characters with ECHO', () => {
    const scripted = new ScriptedClient();
    scripted.host('6c6f67ffff3a');
    expect(scripted.host('fffb01')).toBe('fffd01');
    scripted.host('21fffb03fffc0121');
    expect(scripted.events).toEqual([
      'telnet-pending > connected-nvt',
      'nvt 6c6f67ff3a',
      // Any change of options may be the beginning of 3270 mode.
      'connected-nvt > telnet-pending',
      'character mode',
      'telnet-pending > connected-nvt-charmode',
      'nvt 21',
      'connected-nvt-charmode > telnet-pending',
      'line mode',
      'telnet-pending > connected-nvt',
      'nvt 21',
    ]);
  });

  it('ignores an end of record', () => {
    const scripted = new ScriptedClient();
    scripted.host('61ffef62ffef');
    expect(scripted.events).toEqual(['telnet-pending > connected-nvt', 'nvt 6162']);
    expect(scripted.client.counters).toMatchObject({ recordsReceived: 0, recordsIgnored: 2 });
  });

  it('sends characters as they are, but has no records', () => {
    const scripted = new ScriptedClient();
    scripted.host('61');
    expect(scripted.client.sendNvt(fromHex('6c730d0aff'))).toBe(true);
    expect(scripted.client.sendRecord(fromHex('7d'))).toBe(false);
    expect(scripted.sent).toBe('6c730d0affff');
  });
});

describe('TN3270E negotiation', () => {
  it('agrees on device and functions (RFC 2355 §7)', () => {
    const scripted = new ScriptedClient({ lus: ['LU1'] });
    expect(scripted.host(DO_TN3270E)).toBe('fffb28');
    expect(scripted.host(SEND_DEVICE_TYPE)).toBe(deviceRequest(`${text('IBM-3278-4-E')}01${text('LU1')}`));
    expect(scripted.host(DEVICE_IS)).toBe(functionsRequest('000204'));
    expect(scripted.host(functionsIs('000204'))).toBe('');
    expect(scripted.events).toEqual(['telnet-pending > connected-unbound', 'lu LU1 IBM-3278-4-E']);
    expect(scripted.client).toMatchObject({
      lu: 'LU1',
      deviceType: 'IBM-3278-4-E',
      functions: ['BIND-IMAGE', 'RESPONSES', 'SYSREQ'],
    });
  });

  it.each([
    [{}, '000204'],
    [{ contentionResolution: true }, '00020405'],
    [{ bindImage: false }, '0204'],
  ])('asks for functions by its options %o', (compat, codes) => {
    const scripted = new ScriptedClient({ compat });
    expect(scripted.host(`${DO_TN3270E}${DEVICE_IS}`)).toBe(`fffb28${functionsRequest(codes)}`);
  });

  it('is always a 3278, and IBM-DYNAMIC when oversize', () => {
    const dynamic = { ...parseModel('3279-2-E'), oversize: true };
    expect(new ScriptedClient({ model: '3279-2-E' }).host(`${DO_TN3270E}${SEND_DEVICE_TYPE}`)).toBe(
      `fffb28${deviceRequest(text('IBM-3278-2-E'))}`,
    );
    expect(new ScriptedClient({ model: dynamic }).host(`${DO_TN3270E}${SEND_DEVICE_TYPE}`)).toBe(
      `fffb28${deviceRequest(text('IBM-DYNAMIC'))}`,
    );
  });

  it('accepts the functions a host asks for when they are no more than its own', () => {
    const scripted = new ScriptedClient();
    scripted.host(`${DO_TN3270E}${DEVICE_IS}`);
    expect(scripted.host(functionsRequest('0002'))).toBe(functionsIs('0002'));
    expect(scripted.client.functions).toEqual(['BIND-IMAGE', 'RESPONSES']);
  });

  it.each([['0002040506'], ['00020420']])('answers a request for more (%s) with what is common', (codes) => {
    const scripted = new ScriptedClient();
    scripted.host(`${DO_TN3270E}${DEVICE_IS}`);
    expect(scripted.host(functionsRequest(codes))).toBe(functionsRequest('000204'));
    expect(scripted.client.functions).toEqual([]);
    scripted.host(functionsIs('00'));
    expect(scripted.client.functions).toEqual(['BIND-IMAGE']);
  });

  it('gives TN3270E up when the host adds functions on its own', () => {
    const scripted = new ScriptedClient();
    scripted.host(`${DO_TN3270E}${DEVICE_IS}`);
    expect(scripted.host(functionsIs('00020405'))).toBe('fffc28');
    expect(scripted.client).toMatchObject({ state: 'telnet-pending', lu: null, deviceType: null, functions: [] });
  });

  it('is in 3270 mode at once when BIND-IMAGE is not agreed', () => {
    const scripted = enhanced('0204');
    expect(scripted.client.state).toBe('connected-tn3270e');
  });

  it.each([
    ['00', 'TN3270E_REJECTED', 'CONN-PARTNER'],
    ['01', 'LU_IN_USE', 'DEVICE-IN-USE'],
    ['02', 'TN3270E_REJECTED', 'INV-ASSOCIATE'],
    ['03', 'LU_UNKNOWN', 'INV-NAME'],
    ['04', 'DEVICE_TYPE_REFUSED', 'INV-DEVICE-TYPE'],
    ['05', 'TN3270E_REJECTED', 'TYPE-NAME-ERROR'],
    ['06', 'TN3270E_REJECTED', 'UNKNOWN-ERROR'],
    ['07', 'TN3270E_REJECTED', 'UNSUPPORTED-REQ'],
    ['4d', 'TN3270E_REJECTED', 'reason 77'],
    ['', 'TN3270E_REJECTED', 'reason not given'],
  ])('backs off after reject reason %s: %s', (reason, code, reasonName) => {
    const scripted = new ScriptedClient({ lus: ['LU1'] });
    scripted.host(`${DO_TN3270E}${SEND_DEVICE_TYPE}`);
    expect(scripted.host(reject(reason))).toBe('fffc28');
    expect(scripted.rejections.map((error) => [error.code, error.details])).toEqual([
      [code, { lu: 'LU1', device_type: 'IBM-3278-4-E', reason_name: reasonName }],
    ]);
    // Classic TN3270 tries the LU again; when that is refused too, the first reason is the one to tell.
    expect(scripted.host(SEND_TTYPE)).toBe(ttypeIs('IBM-3278-4-E@LU1'));
    scripted.host(SEND_TTYPE);
    expect(scripted.failures).toEqual(scripted.rejections);
  });

  it.each(['01', '03'])('blames no LU for reason %s when none was asked for', (reason) => {
    const scripted = new ScriptedClient();
    scripted.host(`${DO_TN3270E}${reject(reason)}`);
    expect(scripted.events).toEqual([
      'telnet-pending > connected-unbound',
      'rejected TN3270E_REJECTED',
      'connected-unbound > telnet-pending',
    ]);
  });

  it('tries the next LU when one is rejected', () => {
    const scripted = new ScriptedClient({ lus: ['LU1', 'LU2'] });
    scripted.host(`${DO_TN3270E}${SEND_DEVICE_TYPE}`);
    expect(scripted.host(reject('01'))).toBe(deviceRequest(`${text('IBM-3278-4-E')}01${text('LU2')}`));
    expect(scripted.host(reject('01'))).toBe('fffc28');
  });

  it('tries no other LU after UNSUPPORTED-REQ, and begins with the first if asked anew', () => {
    const scripted = new ScriptedClient({ lus: ['LU1', 'LU2'] });
    scripted.host(`${DO_TN3270E}${SEND_DEVICE_TYPE}${reject('01')}`);
    expect(scripted.host(reject('07'))).toBe('fffc28');
    expect(scripted.host(`${DO_TN3270E}${SEND_DEVICE_TYPE}`)).toBe(
      `fffb28${deviceRequest(`${text('IBM-3278-4-E')}01${text('LU1')}`)}`,
    );
    expect(scripted.host(reject('07'))).toBe('fffc28');
  });

  it('keeps 32 characters of the names a host gives, none of them a control', () => {
    const scripted = new ScriptedClient();
    scripted.host(`${DO_TN3270E}fffa280204${text('T'.repeat(40))}01${text('L')}1b07${SE}`);
    expect(scripted.client).toMatchObject({ lu: 'L??', deviceType: 'T'.repeat(32) });
    scripted.host(`fffa280204${SE}`);
    expect(scripted.client).toMatchObject({ lu: 'L??', deviceType: 'T'.repeat(32) });
  });

  it.each([
    ['DONT', 'fffe28'],
    ['WONT, as some hosts say', 'fffc28'],
  ])('falls back to classic TN3270 at %s', (_title, ending) => {
    const scripted = bound();
    expect(scripted.host(ending)).toBe('fffc28');
    scripted.host(CLASSIC);
    expect(scripted.events).toEqual(['connected-tn3270e > telnet-pending', 'telnet-pending > connected-3270']);
    expect(scripted.client.functions).toEqual([]);
  });

  it('can be negotiated anew: bind and sequence numbers begin again', () => {
    const scripted = bound();
    scripted.client.sendRecord(fromHex('7d'));
    scripted.client.sendRecord(fromHex('7d'));
    expect(scripted.sent).toBe('00000000007dffef00000000017dffef');
    scripted.host(`fffe28${DO_TN3270E}${DEVICE_IS}${functionsIs('000204')}`);
    expect(scripted.client.bound).toBe(false);
    scripted.host(BIND);
    scripted.sent = '';
    scripted.client.sendRecord(fromHex('7d'));
    expect(scripted.sent).toBe('00000000007dffef');
  });

  it('does not listen to TN3270E before it has agreed to it', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host(SEND_DEVICE_TYPE)).toBe('');
    expect(scripted.client.counters.subnegotiationsIgnored).toBe(1);
  });
});

describe('TN3270E records', () => {
  it('follows BIND and UNBIND (RFC 2355 §10.3)', () => {
    const scripted = enhanced();
    scripted.host(BIND);
    expect(scripted.client).toMatchObject({ state: 'connected-tn3270e', bound: true, pluName: 'APP' });
    scripted.host('040000000002ffef');
    expect(scripted.client).toMatchObject({ state: 'connected-unbound', bound: false, pluName: null });
    expect(scripted.events).toEqual([
      'bound APP',
      'connected-unbound > connected-tn3270e',
      'unbound 2',
      'connected-tn3270e > connected-unbound',
    ]);
    expect(scripted.sent).toBe('');
  });

  it('is bound, but in no mode yet, after a BIND-IMAGE that holds no BIND', () => {
    const scripted = enhanced();
    scripted.host('030000000001ffef');
    expect(scripted.client).toMatchObject({ state: 'connected-unbound', bound: true, pluName: null });
    scripted.host('0000000000f1c3ffef');
    expect(scripted.events).toEqual(['connected-unbound > connected-tn3270e', '3270-data f1c3']);
  });

  it('ignores 3270 data before the BIND, and BIND and UNBIND without the function', () => {
    const early = enhanced();
    early.host('0000020001f1c3ffef');
    const without = enhanced('0204');
    without.host(`${BIND}040000000001ffef`);
    expect([early.sent, early.events, without.events]).toEqual(['', [], []]);
    expect([early.client.counters.recordsIgnored, without.client.counters.recordsIgnored]).toEqual([1, 2]);
  });

  it.each([
    ['no response', '00', 'ok', ''],
    ['no response', '00', 'bad-command', ''],
    ['an error response', '01', 'ok', ''],
    ['an error response', '01', 'bad-command', '0200010105 00 ffef'],
    ['an error response', '01', 'bad-address', '0200010105 02 ffef'],
    ['a response always', '02', 'ok', '0200000105 00 ffef'],
    ['a response always', '02', 'bad-command', '0200010105 00 ffef'],
    ['a response always', '02', 'bad-address', '0200010105 02 ffef'],
    ['a response always', '02', 'replied', ''],
  ] as const)('gives %s (%s) to a record that was %s (RFC 2355 §10.4.1)', (_title, flag, outcome, response) => {
    const scripted = bound();
    scripted.outcomes.push(outcome);
    expect(scripted.host(`${DATA_TYPE_3270}00${flag}0105f1c3ffef`)).toBe(response.replaceAll(' ', ''));
    expect(scripted.client.counters.recordsRefused).toBe(response.startsWith('020001') ? 1 : 0);
  });

  it('responds once, before its own reply, and doubles IAC in sequence numbers', () => {
    const scripted = bound();
    scripted.outcomes.push('replied', 'bad-address');
    scripted.replies.push(fromHex('88'), fromHex('89'));
    expect(scripted.host('000002 00ffff f3ffef')).toBe('020000 00ffff 00ffef 0000000000 88ffef'.replaceAll(' ', ''));
    // What went wrong after the response was given can no longer be told.
    expect(scripted.host('000002 ffff01 f3ffef')).toBe('020000 ffff01 00ffef 0000000001 89ffef'.replaceAll(' ', ''));
  });

  it('owes no response once it has given a negative one', () => {
    const scripted = bound();
    scripted.outcomes.push('bad-command');
    scripted.host('0000020001f1ffef');
    scripted.sent = '';
    scripted.client.sendRecord(fromHex('7d'));
    expect(scripted.sent).toBe('00000000007dffef');
  });

  it('numbers its own records only with RESPONSES, and wraps after 32,767', () => {
    const numbered = bound('0002');
    for (let count = 0; count < 0x8000; count++) numbered.client.sendRecord(fromHex(''));
    expect(numbered.sent.slice(255 * 14, 255 * 14 + 16)).toBe('00000000ffffffef');
    expect(numbered.sent.slice(-16)).toBe('0000007fffffffef');
    numbered.sent = '';
    numbered.client.sendRecord(fromHex('7d'));
    expect(numbered.sent).toBe('00000000007dffef');
    const plain = bound('00');
    plain.client.sendRecord(fromHex('7d'));
    plain.client.sendRecord(fromHex('7d'));
    expect(plain.sent).toBe('00000000007dffef00000000007dffef');
  });

  it('is an NVT when NVT-DATA comes, and acknowledges it when asked', () => {
    const scripted = enhanced();
    expect(scripted.host('0500020007680affef')).toBe('020000000700ffef');
    expect(scripted.events).toEqual(['connected-unbound > connected-e-nvt', 'nvt 680a']);
    expect(scripted.host('0500010008680affef')).toBe('');
    scripted.client.sendNvt(fromHex('6c73'));
    expect(scripted.sent).toBe('020000000700ffef05000000006c73ffef');
    expect(scripted.client.sendAbortOutput()).toBe(false);
  });

  it('talks to the SSCP when SSCP-LU-DATA comes (RFC 2355 §10.5)', () => {
    const scripted = enhanced();
    expect(scripted.host('0700020000d4e2c7ffef')).toBe('');
    expect(scripted.events).toEqual(['connected-unbound > connected-sscp', 'sscp-lu-data d4e2c7']);
    scripted.client.sendRecord(fromHex('d3'));
    expect(scripted.client.sendAbortOutput()).toBe(true);
    expect(scripted.sent).toBe('0700000000d3ffeffff5');
  });

  it('sends SYSREQ as AO only when SYSREQ is agreed and the session in use', () => {
    const scripted = bound();
    expect(scripted.client.sendAbortOutput()).toBe(true);
    expect(enhanced().client.sendAbortOutput()).toBe(false);
    expect(bound('0002').client.sendAbortOutput()).toBe(false);
  });

  it('tells whose turn it is with CONTENTION-RESOLUTION (draft-ietf-tn3270e-extensions-04)', () => {
    const scripted = bound('00020405', { compat: { contentionResolution: true } });
    scripted.host('0003000000f1c3ffef0000000000f1c3ffef');
    expect(scripted.host('0904020009ffef0900010009ffef0900000009ffef')).toBe('020000000900ffef020000000900ffef');
    expect(scripted.events).toEqual([
      '3270-data restore f1c3',
      'send data',
      '3270-data f1c3',
      'bid',
      'bid signal',
      'bid',
      'bid',
    ]);
  });

  it('ignores BID without CONTENTION-RESOLUTION, and what is for printers', () => {
    const scripted = bound();
    for (const dataType of ['01', '02', '06', '08', '09', '0a']) scripted.host(`${dataType}00020001ffef`);
    expect([scripted.sent, scripted.events, scripted.client.counters.recordsIgnored]).toEqual(['', [], 6]);
  });

  it('ignores empty records and records without a whole header', () => {
    const scripted = bound();
    scripted.host('ffef000002ffef');
    expect([scripted.sent, scripted.events]).toEqual(['', []]);
    expect(scripted.client.counters.recordsIgnored).toBe(1);
  });

  it('ignores an end of record while functions are not agreed', () => {
    const scripted = new ScriptedClient();
    scripted.host(`${DO_TN3270E}0000000000f1c3ffef`);
    expect(scripted.events).toEqual(['telnet-pending > connected-unbound']);
    scripted.host(`${DEVICE_IS}${functionsIs('000204')}${BIND}`);
    expect(scripted.client.pluName).toBe('APP');
  });
});

describe('limits', () => {
  it('fails on a record that outgrows its limit', () => {
    const scripted = classic({ maxRecordBytes: 8 });
    scripted.host('f1c3404040404040ffef');
    expect(scripted.failures).toEqual([]);
    scripted.host('f1c34040');
    scripted.host('4040404040');
    scripted.host('ffef');
    expect(scripted.events).toEqual(['3270-data f1c3404040404040', 'failed RECORD_TOO_LARGE']);
    expect(scripted.failures[0]?.message).toContain('host.test:23');
  });

  it('passes over what no client has to understand', () => {
    const scripted = new ScriptedClient();
    expect(scripted.host(`fff1fff2fff6fff9ff03fffa${'07'.repeat(2000)}${SE}fffa0501${SE}`)).toBe('');
    expect(scripted.client.counters).toMatchObject({ commandsIgnored: 5, subnegotiationsIgnored: 2 });
  });
});

/** What hosts say, in order and out of it. */
const WORDS = [
  [DO_TN3270E, 'fffe28', 'fffc28', SEND_DEVICE_TYPE, DEVICE_IS, functionsIs('00020405'), functionsIs('0204')],
  [functionsRequest('0002'), functionsRequest('0006'), reject('01'), reject('07'), BIND, '040000000001ffef'],
  [CLASSIC, 'fffe00', SEND_TTYPE, 'fffb01', 'fffc01', 'fffd27', `fffa2701${SE}`, 'fffd1f', 'fffd06', 'ffef'],
  ['0003020001f1c3ffef', '0500020007680affef', '0700000000d4ffef', '0904020009ffef', 'ffff', '6162', '1d'],
].flat();

/** Streams of words and a little noise. */
const stream = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...WORDS) },
      { weight: 1, arbitrary: fc.uint8Array({ max: 255, maxLength: 12 }).map(toHex) },
    ),
    { maxLength: 40 },
  )
  .map((words) => fromHex(words.join('')));

function play(bytes: Uint8Array, cuts: readonly number[]): ScriptedClient {
  const scripted = new ScriptedClient({
    lus: ['LU1', 'LU2'],
    compat: { contentionResolution: true },
    maxRecordBytes: 64,
  });
  let at = 0;
  for (const length of [...cuts, bytes.length]) {
    // The socket's buffer is used again: nothing may be kept of it.
    const chunk = bytes.slice(at, at + length);
    scripted.client.receive(chunk);
    chunk.fill(0xee);
    at += length;
  }
  return scripted;
}

describe('any stream', () => {
  it('gives the same sends and events however it is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(9), { maxLength: 60 }), (bytes, cuts) => {
        const whole = play(bytes, []);
        const cut = play(bytes, cuts);
        expect([cut.sent, cut.events, cut.client.counters]).toEqual([whole.sent, whole.events, whole.client.counters]);
      }),
    );
  });

  it('never throws, and is answered in proportion', () => {
    const noise = fc.array(fc.oneof(fc.constantFrom(0xff, 0xfa, 0xf0, 0xfb, 0xfd, 0x27, 0x01), fc.nat(255)), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(
        fc.oneof(
          stream,
          noise.map((bytes) => Uint8Array.from(bytes)),
        ),
        (bytes) => {
          // The longest answer to a single byte: all variables of a NEW-ENVIRON group.
          expect(play(bytes, []).sent.length / 2).toBeLessThanOrEqual(100 * bytes.length);
        },
      ),
    );
  });
});

describe('conformance tables', () => {
  it('have each code once and say where it comes from', () => {
    for (const { title, rows } of [...telnetTables, ...tn3270eTables]) {
      expect(new Set(rows.map(({ code }) => code)).size, title).toBe(rows.length);
      for (const { source, mnemonic } of rows) expect([source, mnemonic], title).not.toContain('');
    }
  });
});
