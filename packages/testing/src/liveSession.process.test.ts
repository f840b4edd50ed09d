import { createServer, type Server, type Socket } from 'node:net';
import { createScope, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { dumpScreen, type LiveSession, openSession, type SessionOptions } from '@roundhouse/tn3270';
import { defineScreen, type Host, serveHost } from '@roundhouse/tn3270/host';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from './certificate.ts';
import { EmulatorUnderTest } from './emulatorUnderTest.ts';
import { herculesAvailable, startHercules } from './hercules.ts';
import { bytesOf, parseTrace } from './trace.ts';

const HOST = '127.0.0.1';

let scope: Scope;
beforeEach(() => {
  scope = createScope();
});
afterEach(() => scope.end());

const within = (timeoutMs = 5_000): Scope => scope.child({ timeoutMs });

async function failureOf(work: Promise<unknown>): Promise<RoundhouseError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isRoundhouseError(error)) throw new Error('no coded error', { cause: error });
  return error;
}

/** Opens a session and waits for how it ends. */
async function endOf(options: Partial<SessionOptions> & { port: number }): Promise<RoundhouseError | undefined> {
  const session = await openSession({ host: HOST, ...options }, scope);
  return new Promise((resolve) => session.on('closed', ({ error }) => resolve(error)));
}

/** A server that does what it is told with each connection. */
async function rawServer(onConnection: (socket: Socket) => void): Promise<{ port: number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

describe('a host that cannot be reached', () => {
  it('has no such name', async () => {
    expect(await failureOf(openSession({ host: 'no-such-host.invalid', port: 23 }, scope))).toMatchObject({
      code: expect.stringMatching(/^NAME_/),
    });
  });

  it('refuses the connection', async () => {
    const server = await rawServer(() => {});
    server.close();
    expect(await failureOf(openSession({ host: HOST, port: server.port }, scope))).toMatchObject({
      code: 'CONNECT_REFUSED',
    });
  });

  it('says nothing', async () => {
    const server = await rawServer(() => {});
    expect(await endOf({ port: server.port, connectTimeoutMs: 100 })).toMatchObject({ code: 'HOST_SILENT' });
    server.close();
  });

  it('hangs up in the middle of the negotiation', async () => {
    const server = await rawServer((socket) => socket.end(Buffer.from('fffd18', 'hex')));
    expect(await endOf({ port: server.port })).toMatchObject({ code: 'HOST_CLOSED' });
    server.close();
  });

  it('sends a record without an end', async () => {
    const negotiation = Buffer.from('fffd18fffd19fffb19fffd00fffb00', 'hex');
    const server = await rawServer((socket) => socket.write(Buffer.concat([negotiation, Buffer.alloc(10_000, 0x40)])));
    expect(await endOf({ port: server.port, maxRecordBytes: 4096 })).toMatchObject({ code: 'RECORD_TOO_LARGE' });
    server.close();
  });
});

const Form = defineScreen({
  fields: [
    { row: 1, column: 2, text: 'FORM' },
    { row: 3, column: 2, text: 'NAME' },
    { row: 3, column: 10, name: 'name', length: 8 },
    { row: 4, column: 2, text: 'AMOUNT' },
    { row: 4, column: 10, name: 'amount', length: 4, numeric: true },
    { row: 5, column: 2, text: 'SECRET' },
    { row: 5, column: 10, name: 'secret', length: 8, hidden: true },
  ],
});

describe('a session', () => {
  const authority = createCertificateAuthority();
  const tls = authority.issue();
  let host: Host;
  let secure: Host;
  let expired: Host;

  const application = async (terminal: Parameters<Parameters<typeof serveHost>[1]>[0]): Promise<void> => {
    for (;;) {
      const answer = await terminal.show(Form);
      if (answer.aid === 'PF3') return;
    }
  };

  beforeAll(async () => {
    const lus = { names: ['LU000001', 'LU000002'], generic: { prefix: 'GEN' } };
    host = await serveHost({ host: HOST, port: 0, lus }, application);
    secure = await serveHost({ host: HOST, port: 0, tls }, application);
    expired = await serveHost({ host: HOST, port: 0, tls: authority.issue({ isExpired: true }) }, application);
  });
  afterAll(() => Promise.all([host.close(), secure.close(), expired.close()]));

  const open = async (options: Partial<SessionOptions> = {}): Promise<LiveSession> => {
    const session = await openSession({ host: HOST, port: host.port, ...options }, scope);
    await session.waitFor({ for: 'unlocked' }, within());
    return session;
  };

  describe('over TLS', () => {
    it('checks the certificate and the name', async () => {
      const session = await openSession({ host: HOST, port: secure.port, tls: { ca: authority.cert } }, scope);
      await session.waitFor({ for: 'text', text: 'FORM' }, within());
      expect(session.tls?.verified).toBe(true);
      await session.close();
    });

    it.each([
      ['an authority that is not trusted', {}, () => secure, 'TLS_UNTRUSTED'],
      ['another name', { ca: authority.cert, serverName: 'else.example' }, () => secure, 'TLS_NAME_MISMATCH'],
      ['a certificate whose time is over', { ca: authority.cert }, () => expired, 'TLS_EXPIRED'],
      ['a port that does not speak TLS', { ca: authority.cert }, () => host, 'T'],
    ])('refuses %s', async (_title, options, server, code) => {
      const work = openSession({ host: HOST, port: server().port, tls: options, connectTimeoutMs: 1_000 }, scope);
      const error = await failureOf(work);
      expect(error.code.startsWith(code)).toBe(true);
      expect(error).toMatchObject({ phase: 'tls' });
    });
  });

  describe('with an LU', () => {
    it('that is taken learns so, and by which name', async () => {
      const first = await open({ lu: ['LU000001'] });
      expect(first.lu).toBe('LU000001');
      expect(await endOf({ port: host.port, lu: ['LU000001'] })).toMatchObject({ code: 'LU_IN_USE' });
      const second = await open({ lu: ['LU000001', 'LU000002'] });
      expect(second.lu).toBe('LU000002');
      await Promise.all([first.close(), second.close()]);
    });

    it('that the host does not know learns so', async () => {
      expect(await endOf({ port: host.port, lu: ['NOSUCH'] })).toMatchObject({ code: 'LU_UNKNOWN' });
    });
  });

  describe('refuses what is wrong before it connects', () => {
    it.each([
      [{ model: '3270-9' }, 'MODEL_UNKNOWN'],
      [{ oversize: { rows: 10, columns: 10 } }, 'OVERSIZE_INVALID'],
      [{ codePage: 'klingon' }, 'CODE_PAGE_UNKNOWN'],
      [{ port: 0 }, 'ADDRESS_INVALID'],
      [{ host: 'a b' }, 'ADDRESS_INVALID'],
      [{ lu: ['TOO BAD'] }, 'OPTION_INVALID'],
    ])('%o', async (options, code) => {
      expect(await failureOf(openSession({ host: HOST, port: host.port, ...options }, scope))).toMatchObject({ code });
    });
  });

  describe('refuses bad input and stays usable', () => {
    it.each([
      ['text in a protected field', () => ({ type: 'cursor', row: 1, column: 3 }) as const, 'X', 'FIELD_PROTECTED'],
      [
        'letters in a numeric field of a keyboard without numeric lock',
        () => ({ type: 'cursor', row: 4, column: 10 }) as const,
        '1',
        undefined,
      ],
      [
        'a character that the page has not',
        () => ({ type: 'cursor', row: 3, column: 10 }) as const,
        '漢',
        'CHARACTER_UNMAPPABLE',
      ],
    ])('%s', async (_title, place, text, code) => {
      const session = await open();
      session.perform(place());
      const before = dumpScreen(session.screen);
      const act = (): void => session.perform({ type: 'text', text });
      if (code === undefined) expect(act).not.toThrow();
      else {
        expect(act).toThrow(expect.objectContaining({ code }));
        expect(dumpScreen(session.screen)).toEqual(before);
      }
      expect(session.keyboardLocked).toBe(false);
      session.perform({ type: 'key', key: 'Enter' });
      await session.waitFor({ for: 'unlocked' }, within());
      await session.close();
    });

    it('a value longer than its field', async () => {
      const session = await open();
      const overflow = { type: 'field', row: 3, column: 10, value: 'TOO LONG A NAME' } as const;
      expect(() => session.perform(overflow)).toThrow(expect.objectContaining({ code: 'FIELD_OVERFLOW' }));
      expect(session.keyboardLocked).toBe(false);
      session.perform({ type: 'field', row: 3, column: 10, value: 'GOOD' });
      await session.waitFor({ for: 'text', text: 'GOOD', row: 3, column: 10 }, within());
      await session.close();
    });

    it('a position outside the screen', async () => {
      const session = await open();
      const action = { type: 'cursor', row: 44, column: 1 } as const;
      expect(() => session.perform(action)).toThrow(expect.objectContaining({ code: 'POSITION_INVALID' }));
      await session.close();
    });

    it('keys while the keyboard is locked', async () => {
      const session = await open();
      session.perform({ type: 'key', key: 'Enter' });
      expect(() => session.perform({ type: 'key', key: 'Enter' })).toThrow(
        expect.objectContaining({ code: 'KEYBOARD_LOCKED' }),
      );
      await session.waitFor({ for: 'unlocked' }, within());
      await session.close();
    });

    it('a wait that does not come true', async () => {
      const session = await open();
      const wait = session.waitFor({ for: 'text', text: 'NEVER' }, scope.child({ timeoutMs: 20 }));
      expect(await failureOf(wait)).toMatchObject({ code: 'WAIT_TIMEOUT', details: { wait_for: 'text' } });
      expect(session.connectionState).toBe('connected-tn3270e');
      await session.close();
    });
  });

  it('that the host ends rejects its waits and refuses input', async () => {
    const session = await open();
    const wait = failureOf(session.waitFor({ for: 'text', text: 'NEVER' }, within()));
    session.perform({ type: 'key', key: 'PF3' });
    expect(await wait).toMatchObject({ code: 'SESSION_CLOSED' });
    expect(session.connectionState).toBe('not-connected');
    expect(() => session.perform({ type: 'key', key: 'Enter' })).toThrow(
      expect.objectContaining({ code: 'SESSION_CLOSED' }),
    );
    await session.close();
    await session.close();
  });

  it('traces what can be replayed, with hidden fields masked', async () => {
    const lines: string[] = [];
    const session = await open({ trace: (line) => lines.push(line), compat: { contentionResolution: false } });
    session.perform({ type: 'field', row: 3, column: 10, value: 'JOE' });
    session.perform({ type: 'field', row: 5, column: 10, value: 'HUSHHUSH' });
    session.perform({ type: 'key', key: 'Enter' });
    await session.waitFor({ for: 'unlocked' }, within());
    const drawn = dumpScreen(session.screen);
    await session.close();
    const trace = parseTrace(lines.join('\n'));
    // EBCDIC of HUSHHUSH, and of the asterisks in its place.
    const hex = Buffer.from(bytesOf(trace, '>')).toString('hex');
    expect(hex).not.toContain('c8e4e2c8');
    expect(hex).toContain('5c5c5c5c5c5c5c5c');
    const replayed = new EmulatorUnderTest({ model: '3279-4-E', compat: { contentionResolution: false } });
    replayed.feed(bytesOf(trace, '<'));
    expect(replayed.dump()).toEqual(drawn);
  });
});

describe.skipIf(!herculesAvailable())('Hercules', () => {
  it('gives the device that is asked for, refuses one that is taken, and its end is seen', {
    timeout: 60_000,
  }, async () => {
    await using hercules = await startHercules({ devices: 2 });
    const open = async (lu: string): Promise<LiveSession> => {
      const session = await openSession({ host: hercules.host, port: hercules.port, lu: [lu] }, scope);
      await session.waitFor({ for: 'change' }, within(10_000));
      return session;
    };
    const first = await open('0701');
    await first.waitFor({ for: 'text', text: '0701' }, within(10_000));
    expect(first.connectionState).toBe('connected-3270');
    const second = await openSession({ host: hercules.host, port: hercules.port, lu: ['0701'] }, scope);
    await second.waitFor({ for: 'text', text: 'device 0701 unavailable' }, within(10_000));
    await second.close();
    const ended = new Promise<RoundhouseError | undefined>((resolve) =>
      first.on('closed', ({ error }) => resolve(error)),
    );
    hercules.kill();
    expect((await ended)?.code).toMatch(/^(HOST_CLOSED|CONNECTION_LOST|CONNECT_RESET)$/);
  });
});
