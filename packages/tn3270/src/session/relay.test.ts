import { setImmediate } from 'node:timers/promises';
import { createScope, type Scope } from '@roundhouse/core';
import { createMemoryPair, type Transport } from '@roundhouse/net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRecord } from '../telnet/encode.ts';
import { dumpScreen } from '../screen/dump.ts';
import { LiveSession } from './liveSession.ts';
import { resolveSessionOptions } from './options.ts';
import type { Attachment, AttachOptions, Relay } from './relay.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** DO TTYPE, EOR and BINARY both ways. RFC 1576. */
const CLASSIC = 'fffd18 fffd19fffb19 fffd00fffb00';
/** DO TN3270E; DEVICE-TYPE IS IBM-3278-2-E CONNECT L; FUNCTIONS IS with the codes given. RFC 2355 §7. */
const enhanced = (functions: string): string =>
  `fffd28 fffa280802fff0 fffa280204 49424d2d333237382d322d45 01 4c fff0 fffa280304${functions}fff0`;
/** EW, protected field at 0, unprotected at 4, cursor at 5, keyboard restored. */
const FORM = 'f5c3 1df0c1c2c3 1d40 13';

let scope: Scope;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.end());

/** A session, the host's end of its line, and what a relay was told. */
class Scene {
  readonly session: LiveSession;
  readonly told: string[] = [];
  /** Bytes from the session, in hex. */
  received = '';
  /** What had come from the session when the relay last settled. */
  receivedAtSettling = '';
  readonly #host: Transport;

  constructor(options: { readonly contentionResolution?: boolean } = {}) {
    const [host, transport] = createMemoryPair();
    this.#host = host;
    host.start({
      data: (chunk) => {
        this.received += hex(chunk);
      },
      ended: () => void host.close(),
      closed: () => {},
    });
    const contentionResolution = options.contentionResolution ?? false;
    const resolved = resolveSessionOptions({
      host: '127.0.0.1',
      port: 23,
      model: '3279-2-E',
      compat: { contentionResolution },
    });
    this.session = new LiveSession(resolved, transport, scope);
  }

  async raw(text: string): Promise<void> {
    this.received = '';
    this.#host.write(bytesOf(text));
    await passed();
  }

  record(text: string): Promise<void> {
    return this.raw(hex(encodeRecord(bytesOf(text))));
  }

  async close(): Promise<void> {
    await this.#host.close();
  }

  attach(options?: AttachOptions): Attachment {
    const relay: Relay = {
      record: (dataType, requestFlag, body) => this.told.push(`${dataType} ${requestFlag} ${hex(body)}`),
      settled: () => {
        this.receivedAtSettling = this.received;
      },
      drained: () => this.told.push('drained'),
      ended: (error) => this.told.push(`ended ${error?.code ?? ''}`),
    };
    return this.session.attach(relay, options);
  }

  get firstRow(): string {
    return (dumpScreen(this.session.screen)[0] as string).slice(0, 62);
  }
}

/** Lets what was written over a memory pair arrive, and what answers it. */
async function passed(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await setImmediate();
}

async function classic(): Promise<Scene> {
  const scene = new Scene();
  await scene.raw(CLASSIC);
  return scene;
}

describe('an attached session', () => {
  it('is drawn, and its records are handed on as they came', async () => {
    const scene = await classic();
    scene.attach();
    await scene.record(FORM);
    expect(scene.told).toEqual([`0 1 ${FORM.replaceAll(' ', '')}`]);
    expect(scene.firstRow).toMatch(/^SF\(c0=f0\) c1 c2 c3 SF\(c0=c0\) 00/);
  });

  it('does with a record of the terminal what a key of its own would have done', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    scene.received = '';
    attachment.sendRecord(0, bytesOf('7d 40c7 1140c5 d1d6'));
    await passed();
    expect(scene.received).toBe('7d40c71140c5d1d6ffef');
    expect(scene.firstRow).toMatch(/^SF\(c0=f0\) c1 c2 c3 SF\(c0=c1\) d1 d6 00/);
    expect(scene.session.screen.cursor).toBe(7);
    expect(scene.session.lockReason).toBe('twait');
    await scene.record('f1c3');
    expect(scene.session.keyboardLocked).toBe(false);
    expect(scene.session.statistics.lastResponseMs).not.toBeNull();
  });

  it.each([
    ['Clear', '6d', '00 00 00'],
    ['PA1', '6c', 'SF(c0=f0) c1 c2'],
  ])('locks after %s', async (_key, record, row) => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    attachment.sendRecord(0, bytesOf(record));
    expect(scene.session.lockReason).toBe('twait');
    expect(scene.firstRow.slice(0, row.length)).toBe(row);
  });

  it('takes a key although it is locked itself: the terminal was reset', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    attachment.sendRecord(0, bytesOf('7d40c5'));
    scene.received = '';
    attachment.sendRecord(0, bytesOf('f340c5'));
    await passed();
    expect(scene.received).toBe('f340c5ffef');
    expect(scene.session.emulator.keyboard.lastAid).toBe(0xf3);
  });

  it('leaves reads to the terminal, and does not take its keys for answers', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    await scene.record('f6');
    expect(scene.received).toBe('');
    expect(scene.told.at(-1)).toBe('0 1 f6');
    attachment.sendRecord(0, bytesOf('f140c5'));
    expect(scene.session.lockReason).toBe('twait');
    await scene.record('f1c3');
    attachment.sendRecord(0, bytesOf('6040c5'));
    await passed();
    expect(scene.received).toBe('6040c5ffef');
    expect(scene.session.keyboardLocked).toBe(false);
  });

  it('answers what the terminal owes when it is detached, and once more reads itself', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    await scene.record('f6');
    attachment.detach();
    attachment.detach();
    await passed();
    expect(scene.received).toBe('6040c5ffef');
    await scene.record('f6');
    expect(scene.received).toBe('6040c5ffef');
    attachment.sendRecord(0, bytesOf('7d40c5'));
    expect(scene.session.keyboardLocked).toBe(false);
  });

  it('has one terminal, and no other input unless it is shared', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    const enter = { type: 'key', key: 'Enter' } as const;
    const coded = (code: string): unknown => expect.objectContaining({ code });
    expect(() => scene.attach()).toThrow(coded('SESSION_ATTACHED'));
    expect(() => scene.session.perform(enter)).toThrow(coded('INPUT_ATTACHED'));
    expect(() => scene.session.operate(() => {})).toThrow(coded('INPUT_ATTACHED'));
    attachment.detach();
    scene.attach({ shared: true });
    scene.received = '';
    scene.session.perform(enter);
    await passed();
    expect(scene.received).toBe('7d40c5ffef');
  });

  it('tells of its end, and cannot be attached to afterwards', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.close();
    await passed();
    expect(scene.told).toEqual(['ended HOST_CLOSED']);
    expect(attachment.sendRecord(0, bytesOf('7d40c5'))).toBe(true);
    expect(() => scene.attach()).toThrow(expect.objectContaining({ code: 'SESSION_CLOSED' }));
  });

  it('stops reading from the host while it is paused', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    attachment.pause();
    await scene.record(FORM);
    expect(scene.told).toEqual([]);
    attachment.resume();
    await passed();
    expect(scene.told).toHaveLength(1);
  });

  it('sends ATTN as PA1 and Break, SYSREQ as Test Request', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record(FORM);
    scene.received = '';
    attachment.attention();
    attachment.systemRequest();
    await passed();
    expect(scene.received).toBe('6cffeffff3' + '016c6102ffef');
  });

  it('keeps the trace that was there', async () => {
    const [, transport] = createMemoryPair();
    const lines: string[] = [];
    const options = resolveSessionOptions({ host: '127.0.0.1', port: 23, trace: (line) => lines.push(line) });
    const session = new LiveSession(options, transport, scope);
    const trace = session.emulator.telnet.trace;
    const attachment = session.attach({ record() {}, settled() {}, drained() {}, ended() {} });
    session.emulator.telnet.trace?.sent(Uint8Array.of(1));
    expect(lines.at(-1)).toBe('> 0x0   01');
    attachment.detach();
    expect(session.emulator.telnet.trace).toBe(trace);
  });
});

describe('an attached TN3270E session', () => {
  it('responds itself, after the relay has settled', async () => {
    const scene = new Scene();
    await scene.raw(enhanced('02'));
    scene.attach();
    await scene.record(`00 00 02 0007 ${FORM}`);
    expect(scene.told).toEqual([`0 1 ${FORM.replaceAll(' ', '')}`]);
    expect(scene.receivedAtSettling).toBe('');
    expect(scene.received).toBe('020000000700ffef');
    await scene.record('00 00 02 0008 f6');
    expect(scene.received).toBe('020000000800ffef');
    await scene.record('00 00 01 0009 c9');
    expect(scene.received).toBe('020001000900ffef');
  });

  it('passes on the turn where contention is resolved', async () => {
    const scene = new Scene({ contentionResolution: true });
    await scene.raw(enhanced('0205'));
    scene.attach();
    await scene.record('00 00 00 0000 f1c3');
    await scene.record('00 01 00 0001 f1c3');
    await scene.record('09 04 00 0002');
    expect(scene.told).toEqual(['0 0 f1c3', '0 1 f1c3', '9 4 ']);
  });

  it('hands on BIND, UNBIND, SSCP and NVT data, and takes a line for the SSCP', async () => {
    const scene = new Scene();
    await scene.raw(enhanced('0004'));
    const attachment = scene.attach();
    await scene.record('07 00 00 0000 c1 7e');
    scene.received = '';
    attachment.sendRecord(7, bytesOf('c2'));
    await passed();
    expect(scene.received).toBe('0700000000c2ffef');
    expect(scene.firstRow).toMatch(/^c1 7e c2 00/);
    expect(scene.session.screen.cursor).toBe(80);
    await scene.record('05 00 00 0001 4f4b');
    await scene.record('04 00 00 0002 01');
    expect(scene.told).toEqual(['7 1 c17e', '5 1 4f4b', '4 1 01']);
    expect(attachment.sendRecord(0, bytesOf('7d40c5'))).toBe(true);
  });

  it('sends ATTN as Interrupt Process, SYSREQ as Abort Output', async () => {
    const scene = new Scene();
    await scene.raw(enhanced('0004'));
    const attachment = scene.attach();
    await scene.record('03 00 00 0000 31');
    await scene.record('03 00 00 0000 31010303b19030800087f8000002800000000000185018507f000000');
    scene.received = '';
    attachment.attention();
    attachment.systemRequest();
    await passed();
    expect(scene.received).toBe('fff4fff5');
  });
});

describe('the picture of a session', () => {
  const all = { extended: true, tn3270e: true, takesBinds: true };

  it('is locked while the host has the word, and unlocked when not', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    expect(attachment.picture(all)).toMatchObject({ locked: true, bound: { pluName: null } });
    await scene.record(FORM);
    const picture = attachment.picture(all);
    expect(picture.locked).toBe(false);
    expect(hex(picture.records[0]?.body ?? Uint8Array.of())).toMatch(/^f5c2/);
    attachment.sendRecord(0, bytesOf('7d40c5'));
    const locked = attachment.picture(all);
    expect(locked.locked).toBe(true);
    expect(hex(locked.records[0]?.body ?? Uint8Array.of())).toMatch(/^f540/);
    expect(locked.records[0]?.requestFlag).toBe(0);
  });

  it('carries the reply mode along', async () => {
    const scene = await classic();
    const attachment = scene.attach();
    await scene.record('f3 0005 09 00 01');
    expect(
      attachment
        .picture(all)
        .records.map(({ body }) => hex(body))
        .slice(1),
    ).toEqual(['f30005090001']);
  });

  it('is text where no application is bound', async () => {
    const scene = new Scene();
    await scene.raw(enhanced('00'));
    const attachment = scene.attach();
    expect(attachment.picture(all)).toMatchObject({ bound: null, records: [] });
    expect(attachment.picture({ ...all, takesBinds: false }).records).toHaveLength(1);
    await scene.record('07 00 00 0000 c115c2');
    expect(attachment.picture(all).records).toEqual([{ dataType: 7, requestFlag: 1, body: bytesOf('c115c2') }]);
    await scene.record('05 00 00 0001 484f');
    const text = Buffer.from(attachment.picture(all).records[0]?.body ?? []).toString('latin1');
    expect(text).toBe('\x1b[H\x1b[2JHO\x1b[1;3H');
    expect(attachment.picture({ ...all, tn3270e: false, takesBinds: false }).records[0]).toMatchObject({ dataType: 0 });
  });
});
