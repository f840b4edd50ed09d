import type { RoundhouseError } from '@roundhouse/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TelnetParser } from '../telnet/parser.ts';
import { type LuAllocator, LuTable } from './lu.ts';
import { HostNegotiation, type NegotiationHandler, type NegotiationOptions, type SessionTerms } from './negotiate.ts';

const DO = 'fffd';
const WILL = 'fffb';
const WONT = 'fffc';
const DONT = 'fffe';
const [BINARY, TTYPE, EOR, TN3270E, START_TLS] = ['00', '18', '19', '28', '2e'];
const text = (value: string): string => Buffer.from(value, 'latin1').toString('hex');
const sb = (option: string, payload: string): string => `fffa${option}${payload}fff0`;
const deviceRequest = (type: string, rest = ''): string => sb('28', `0207${text(type)}${rest}`);
const connect = (name: string): string => `01${text(name)}`;

/** A negotiation fed with hex by a parser, as a connection does. */
class Recorder implements NegotiationHandler {
  readonly lus: LuAllocator;
  readonly negotiation: HostNegotiation;
  sent = '';
  terms: SessionTerms | undefined;
  failure: RoundhouseError | undefined;
  farewell: string | undefined;
  readonly refusals: string[] = [];
  tlsStarts = 0;
  readonly #parser: TelnetParser;

  constructor(options: Partial<NegotiationOptions> = {}) {
    this.lus = options.lus ?? new LuTable({ names: ['TERM0001', 'TERM0002'], partners: { TERM0001: 'PRT0001' } });
    this.negotiation = new HostNegotiation(
      { peer: 'terminal', tn3270e: true, startTls: 'off', ...options, lus: this.lus },
      this,
    );
    this.#parser = new TelnetParser({
      data() {},
      command() {},
      negotiate: (verb, option) => this.negotiation.negotiate(verb, option),
      subnegotiate: (option, payload) => this.negotiation.subnegotiate(option, payload),
      subnegotiationOverflow() {},
    });
    this.negotiation.start();
  }

  /** What the host answers, as hex. */
  client(hex: string): string {
    const before = this.sent.length;
    this.#parser.push(new Uint8Array(Buffer.from(hex, 'hex')));
    return this.sent.slice(before);
  }

  write(bytes: Uint8Array): void {
    this.sent += Buffer.from(bytes).toString('hex');
  }

  startTls(): void {
    this.tlsStarts++;
  }

  luRefused(refusal: string): void {
    this.refusals.push(refusal);
  }

  agreed(terms: SessionTerms): void {
    this.terms = terms;
  }

  failed(error: RoundhouseError, farewell?: string): void {
    this.failure = error;
    this.farewell = farewell;
  }
}

/** Up to the question for the device type. */
function tn3270e(options?: Partial<NegotiationOptions>): Recorder {
  const host = new Recorder(options);
  expect(host.sent).toBe(DO + TN3270E);
  expect(host.client(WILL + TN3270E)).toBe(sb('28', '0802'));
  return host;
}

/** Up to the question for the terminal type. */
function classic(): Recorder {
  const host = new Recorder();
  expect(host.client(WONT + TN3270E)).toBe(DO + TTYPE);
  expect(host.client(WILL + TTYPE)).toBe(sb('18', '01'));
  return host;
}

describe('TN3270E negotiation', () => {
  it('agrees on device, LU and functions. RFC 2355 §7', () => {
    const host = tn3270e();
    expect(host.client(deviceRequest('IBM-3278-4-E', connect('TERM0001')))).toBe(
      sb('28', `0204${text('IBM-3278-4-E')}${connect('TERM0001')}`),
    );
    expect(host.client(sb('28', '0307000204'))).toBe(sb('28', '0304000204'));
    expect(host.terms).toMatchObject({ protocol: 'tn3270e', deviceType: 'IBM-3278-4-E', lu: 'TERM0001' });
    expect([...(host.terms?.functions ?? [])]).toEqual([0, 2, 4]);
  });

  it('asks for the common part of the functions and takes the answer', () => {
    const host = tn3270e();
    host.client(deviceRequest('IBM-DYNAMIC'));
    expect(host.client(sb('28', '03070001020305'))).toBe(sb('28', '0307000205'));
    expect(host.terms).toBeUndefined();
    host.client(sb('28', '03040002'));
    expect([...(host.terms?.functions ?? [])]).toEqual([0, 2]);
  });

  it('gives up on a client that adds functions that were not offered', () => {
    const host = tn3270e();
    host.client(deviceRequest('IBM-3278-2'));
    host.client(sb('28', '030403'));
    expect(host.failure?.code).toBe('TERMINAL_PROTOCOL');
    expect(host.lus.held).toEqual([]);
  });

  it.each([
    ['CONN-PARTNER', deviceRequest('IBM-3287-1', connect('PRT0001')), '00'],
    ['DEVICE-IN-USE', deviceRequest('IBM-3278-2', connect('TERM0002')), '01'],
    ['INV-ASSOCIATE', deviceRequest('IBM-3278-2', `00${text('TERM0001')}`), '02'],
    ['INV-NAME', deviceRequest('IBM-3278-2', connect('NOBODY')), '03'],
    ['INV-DEVICE-TYPE', deviceRequest('IBM-5250-11'), '04'],
    ['TYPE-NAME-ERROR', deviceRequest('IBM-3287-1', connect('TERM0001')), '05'],
    ['UNKNOWN-ERROR', deviceRequest(''), '06'],
    ['UNSUPPORTED-REQ', deviceRequest('IBM-3287-1', `00${text('TERM0001')}`), '07'],
  ])('rejects with %s and hears the next request', (_, request, reason) => {
    const host = tn3270e();
    host.lus.acquire({ device: 'display', connect: 'TERM0002' });
    expect(host.client(request)).toBe(sb('28', `020605${reason}`));
    expect(host.client(deviceRequest('IBM-3278-2', connect('TERM0001')))).toContain(connect('TERM0001'));
  });

  it('ends a client that never stops asking', () => {
    const host = tn3270e();
    for (let asked = 0; asked < 40; asked++) host.client(deviceRequest('IBM-3278-2', connect('NOBODY')));
    expect(host.failure).toMatchObject({ code: 'LU_REFUSED', details: { refusal: 'INV_NAME' } });
    expect(host.refusals).toHaveLength(32);
  });

  it('goes on as classic TN3270 when the client backs out, with its LU free again', () => {
    const host = tn3270e();
    host.client(deviceRequest('IBM-3278-2', connect('TERM0001')));
    expect(host.client(WONT + TN3270E)).toBe(DONT + TN3270E + DO + TTYPE);
    expect(host.lus.held).toEqual([]);
  });

  it('releases the LU when the session is over', () => {
    const host = tn3270e();
    host.client(deviceRequest('IBM-3278-2', connect('TERM0001')) + sb('28', '0307'));
    expect(host.lus.held).toEqual(['TERM0001']);
    host.negotiation.close();
    host.negotiation.close();
    expect(host.lus.held).toEqual([]);
  });
});

describe('classic negotiation', () => {
  it('asks for end of record and binary both ways. RFC 1576 §3', () => {
    const host = classic();
    const asked = DO + EOR + WILL + EOR + DO + BINARY + WILL + BINARY;
    expect(host.client(sb('18', `00${text('IBM-3279-2-E')}`))).toBe(asked);
    expect(host.client(WILL + EOR + DO + EOR + WILL + BINARY)).toBe('');
    expect(host.terms).toBeUndefined();
    host.client(DO + BINARY);
    expect(host.terms).toMatchObject({ protocol: 'tn3270', lu: 'TCP0001', deviceType: 'IBM-3279-2-E' });
    expect(host.terms?.functions.size).toBe(0);
  });

  it('does not repeat what the client volunteered', () => {
    const host = classic();
    expect(host.client(WILL + BINARY + DO + BINARY)).toBe(DO + BINARY + WILL + BINARY);
    expect(host.client(sb('18', `00${text('IBM-3278-2')}`))).toBe(DO + EOR + WILL + EOR);
    expect(host.client(WILL + EOR + DO + EOR)).toBe('');
    expect(host.terms?.protocol).toBe('tn3270');
  });

  it('takes the LU behind the terminal type, and the next of the list when one is taken', () => {
    const host = classic();
    host.lus.acquire({ device: 'display', connect: 'TERM0001' });
    expect(host.client(sb('18', `00${text('IBM-3278-2@TERM0001')}`))).toBe(sb('18', '01'));
    host.client(sb('18', `00${text('IBM-3278-2@TERM0002')}`));
    expect(host.lus.held).toEqual(['TERM0001', 'TERM0002']);
  });

  it('says so and ends when the list of LUs is at its end', () => {
    const host = classic();
    host.lus.acquire({ device: 'display', connect: 'TERM0001' });
    host.client(sb('18', `00${text('IBM-3278-2@TERM0001')}`));
    host.client(sb('18', `00${text('IBM-3278-2@TERM0001')}`));
    expect(host.failure?.code).toBe('LU_REFUSED');
    expect(host.farewell).toBe('LU TERM0001: in use');
  });

  it.each([
    ['has no terminal type', WONT + TTYPE],
    ['is a VT100', WILL + TTYPE + sb('18', `00${text('VT100')}`)],
    ['refuses binary', WILL + TTYPE + sb('18', `00${text('IBM-3278-2')}`) + WONT + BINARY],
    ['refuses end of record', WILL + TTYPE + sb('18', `00${text('IBM-3278-2')}`) + DONT + EOR],
  ])('ends with a client that %s', (_, answer) => {
    const host = new Recorder({ tn3270e: false });
    expect(host.sent).toBe(DO + TTYPE);
    host.client(answer);
    expect(host.failure?.code).toBe('TERMINAL_NOT_3270');
    expect(host.client(WILL + TTYPE)).toBe('');
  });

  it('refuses other options and answers a timing mark', () => {
    const host = classic();
    expect(host.client(`${DO}1f${WILL}27${DO}06`)).toBe(`${WONT}1f${DONT}27${WILL}06`);
  });
});

describe('STARTTLS', () => {
  it('starts TLS when both sides said FOLLOWS, and telnet anew on top', () => {
    const host = new Recorder({ startTls: 'require' });
    expect(host.sent).toBe(DO + START_TLS);
    expect(host.client(WILL + START_TLS)).toBe(sb('2e', '01'));
    expect(host.tlsStarts).toBe(0);
    host.client(sb('2e', '01'));
    expect(host.tlsStarts).toBe(1);
    host.sent = '';
    host.negotiation.tlsStarted();
    expect(host.sent).toBe(DO + TN3270E);
  });

  it.each([
    ['before FOLLOWS', ''],
    ['after FOLLOWS', sb('2e', '01')],
  ])('ends with a client that takes its consent back %s', (_, follows) => {
    const host = new Recorder({ startTls: 'require' });
    host.client(WILL + START_TLS + follows + WONT + START_TLS);
    expect(host.failure?.code).toBe('TERMINAL_PROTOCOL');
    expect(host.sent).not.toContain(DO + TN3270E);
  });

  it('goes on in plain text with a client that will not, unless TLS is required', () => {
    expect(new Recorder({ startTls: 'offer' }).client(WONT + START_TLS)).toBe(DO + TN3270E);
    const host = new Recorder({ startTls: 'require' });
    host.client(WONT + START_TLS);
    expect(host.failure?.code).toBe('TLS_REQUIRED');
  });
});

it('survives any bytes and never holds an LU after its end', () => {
  const option = fc.constantFrom('00', '06', '18', '19', '28', '2e', '03');
  const verb = fc.constantFrom(DO, DONT, WILL, WONT);
  const piece = fc.oneof(
    fc.tuple(verb, option).map(([a, b]) => a + b),
    fc.constantFrom(deviceRequest('IBM-3278-2'), deviceRequest('IBM-3287-1'), sb('18', `00${text('IBM-3278-2')}`)),
    fc.constantFrom(sb('28', '0307'), sb('28', '030709'), sb('28', '0304'), sb('2e', '01'), sb('2e', '00')),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), fc.constantFrom('off', 'offer', 'require'), (pieces, startTls) => {
      const host = new Recorder({ startTls });
      for (const each of pieces) host.client(each);
      host.negotiation.close();
      expect(host.lus.held).toEqual([]);
    }),
  );
});
