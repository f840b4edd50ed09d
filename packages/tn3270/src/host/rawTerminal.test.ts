import { describe, expect, it } from 'vitest';
import { codePage } from '../codepage/registry.ts';
import { DATA_TYPE, FUNCTION, REQUEST_FLAG } from '../telnet/tn3270e.ts';
import { type RawTerminal, type RawTerminalHandler, rawService } from './rawTerminal.ts';
import { classicScript, type Meeting, meetService, tn3270eScript } from './terminal.fixture.ts';

const DATA = DATA_TYPE.DATA_3270.code;
const SSCP = DATA_TYPE.SSCP_LU_DATA.code;
const MODEL_2 = 'IBM-3278-2-E';
const { BIND_IMAGE, RESPONSES, SYSREQ, CONTENTION_RESOLUTION } = FUNCTION;
const SIZE_2 = { rows: 24, columns: 80 };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const enhanced = (...functions: ReadonlyArray<{ readonly code: number }>): Map<string, Uint8Array> =>
  tn3270eScript(
    MODEL_2,
    functions.map(({ code }) => code),
  );

interface RawMeeting extends Meeting {
  readonly host: RawTerminal;
  readonly told: string[];
}

/** A raw terminal of the host, with what it tells, and the terminal at the other end. */
async function meetRaw(script: ReadonlyMap<string, Uint8Array>): Promise<RawMeeting> {
  const told: string[] = [];
  const handler: RawTerminalHandler = {
    record: (dataType, body) => told.push(`${dataType} ${hex(body)}`),
    attention: () => told.push('attention'),
    systemRequest: () => told.push('system request'),
    drained: () => told.push('drained'),
  };
  const { promise, resolve } = Promise.withResolvers<RawTerminal>();
  const options = { codePage: codePage('037'), pluName: 'DOOR', replyTimeoutMs: 1_000 };
  const application = (terminal: RawTerminal): Promise<void> => {
    terminal.handle(handler);
    resolve(terminal);
    return new Promise((end) => terminal.scope.onEnd(() => end()));
  };
  const meeting = meetService(script, rawService(application, options));
  return { ...meeting, host: await promise, told };
}

describe('a classic terminal', () => {
  it('gets and gives records as they are', async () => {
    const { terminal, host, told, over } = await meetRaw(classicScript(MODEL_2));
    expect(host).toMatchObject({ protocol: 'tn3270', lu: 'TCP0001', requestedLu: null, size: SIZE_2, tls: null });
    expect(host.send(DATA, 0, bytesOf('f5c3 ff'))).toBe(true);
    expect(host.send(DATA, 0, bytesOf('f1c3'))).toBe(true);
    expect(host.flush()).toBe(true);
    expect(await terminal.next()).toBe('f5c3ff');
    expect(await terminal.next()).toBe('f1c3');
    terminal.record('7d4040');
    terminal.raw('fff3');
    await terminal.close();
    await over;
    expect(told).toEqual(['0 7d4040', 'attention']);
  });

  it('has no use for what is of TN3270E', async () => {
    const { terminal, host } = await meetRaw(classicScript(MODEL_2));
    expect(host.takesBinds).toBe(false);
    host.bind({ pluName: 'APPL', defaultSize: SIZE_2, alternateSize: SIZE_2 });
    host.unbind();
    for (const { code } of Object.values(DATA_TYPE)) {
      if (code !== DATA) expect(host.send(code, 0, bytesOf('00'))).toBe(false);
    }
    host.send(DATA, 0, bytesOf('f5c3'));
    await host.close();
    expect(await terminal.next()).toBe('f5c3');
    expect(await terminal.next()).toBe('closed');
  });

  it('has the keyboard restored by the WCC where the host says it in a header', async () => {
    const { terminal, host } = await meetRaw(classicScript(MODEL_2));
    const restore = REQUEST_FLAG.KEYBOARD_RESTORE.code;
    host.send(DATA, restore, bytesOf('f140c1'));
    host.send(DATA, restore, bytesOf('6f'));
    host.flush();
    expect(await terminal.next()).toBe('f142c1');
    expect(await terminal.next()).toBe('6f');
    await terminal.close();
  });

  it('of dynamic size is asked for it before anything else', async () => {
    const script = classicScript('IBM-DYNAMIC');
    const options = { codePage: codePage('037'), pluName: 'DOOR', replyTimeoutMs: 1_000 };
    let size: unknown;
    const { terminal, over } = meetService(
      script,
      rawService(async (host) => {
        ({ size } = host);
      }, options),
    );
    expect(await terminal.next()).toBe('f3000501ff02');
    terminal.record('88 0011 81a6 0000 0b 01 00 0050 0018 00a0 003c');
    await over;
    expect(size).toEqual({ rows: 60, columns: 160 });
  });
});

describe('when a terminal was last used', () => {
  const ways = [
    ['classic', classicScript(MODEL_2), ''],
    ['TN3270E', enhanced(RESPONSES), '0000000000'],
  ] as const;
  it.each(ways)('is told by what a person sends, on a %s one', async (_, script, header) => {
    const { terminal, host, clock, told } = await meetRaw(script);
    expect(host.lastUseAt).toBe(0);
    let heard = 0;
    const came = async (): Promise<number> => {
      terminal.record(`${header} 60 4040`);
      heard += 1;
      await expect.poll(() => told.filter((each) => each === '0 604040').length).toBe(heard);
      return host.lastUseAt;
    };
    clock.advance(1_000);
    // NOP, AYT, the answer to a timing mark (RFC 860), a reply to a query, an answer to a read.
    terminal.raw('fff1 fff6 fffb06 fffc06');
    terminal.record(`${header} 88 0004 8180`);
    host.send(DATA, 0, bytesOf('f5c3'));
    host.flush();
    expect(await came()).toBe(0);
    terminal.record(`${header} 7d4040`);
    expect(await came()).toBe(1_000);
    for (const command of ['fff3', 'fff4', 'fff5']) {
      clock.advance(500);
      terminal.raw(command);
      expect(await came()).toBe(clock.monotonic());
    }
    if (header !== '') {
      clock.advance(500);
      terminal.record('02 00 01 0000 00');
      expect(await came()).toBe(clock.monotonic() - 500);
      terminal.record('07 00 00 0000 60');
      expect(await came()).toBe(clock.monotonic());
    }
    await terminal.close();
  });
});

describe('a TN3270E terminal', () => {
  it('gets headers and gives none', async () => {
    const { terminal, host, told, over } = await meetRaw(enhanced(RESPONSES, CONTENTION_RESOLUTION));
    host.send(DATA, REQUEST_FLAG.SEND_DATA.code, bytesOf('f5c3'));
    host.send(SSCP, 0, bytesOf('c1'));
    host.send(DATA_TYPE.BID.code, REQUEST_FLAG.SIGNAL.code, bytesOf(''));
    host.flush();
    expect(await terminal.next()).toBe('0001010000f5c3');
    expect(await terminal.next()).toBe('0700000001c1');
    expect(await terminal.next()).toBe('0904000002');
    terminal.record('00 00 00 0000 7d4040');
    terminal.record('02 00 01 0000 00');
    terminal.record('07 00 00 0001 c1');
    terminal.raw('fff5 fff4');
    await terminal.close();
    await over;
    expect(told).toEqual(['0 7d4040', '7 c1', 'system request', 'attention']);
  });

  it('is bound by the first 3270 data, and anew for each session', async () => {
    const { terminal, host } = await meetRaw(enhanced(BIND_IMAGE, SYSREQ));
    const bind = (sequence: string, name: string): RegExp => new RegExp(`^03000000${sequence}31.*${name}00$`);
    host.send(DATA, 0, bytesOf('f5c3'));
    host.bind({ pluName: 'A', defaultSize: SIZE_2, alternateSize: SIZE_2 });
    host.unbind();
    host.unbind();
    host.send(DATA_TYPE.BID.code, 0, bytesOf(''));
    host.flush();
    expect(await terminal.next()).toMatch(bind('00', '04c4d6d6d9'));
    expect(await terminal.next()).toBe('0000000001f5c3');
    expect(await terminal.next()).toBe('040000000202');
    expect(await terminal.next()).toMatch(bind('03', '01c1'));
    expect(await terminal.next()).toBe('040000000401');
    await terminal.close();
    expect(await terminal.next()).toBe('closed');
  });

  it('is dropped for a record without a whole header', async () => {
    const { terminal, log } = await meetRaw(enhanced(RESPONSES));
    terminal.record('0000');
    expect(await terminal.next()).toBe('closed');
    expect(log.lines).toContain('warn terminal dropped TERMINAL_PROTOCOL');
  });

  it('that does not read holds the sender back until it does', async () => {
    const { host, terminal, told, over } = await meetRaw(enhanced(RESPONSES));
    host.send(DATA, 0, new Uint8Array(300_000).fill(0x40));
    expect(host.flush()).toBe(false);
    expect(host.flush()).toBe(false);
    expect((await terminal.next()).length).toBe(2 * 300_005);
    await terminal.close();
    await over;
    expect(told).toEqual(['drained']);
    expect(host.scope.signal.aborted).toBe(true);
  });
});
