import { createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { type Client, createClient, type InputRequest, type SessionResource } from '@roundhouse/api';
import { type LogFields, type Logger, RoundhouseError } from '@roundhouse/core';
import { openSession } from '@roundhouse/tn3270';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoHost, startDemoHost } from './demo/demoHost.ts';
import { silentLog } from './log/silentLog.fixture.ts';
import { createServer, type Server } from './server.ts';

const HOST = '127.0.0.1';
const TOKEN = 'token-of-the-tests';
const PASSWORD = 'DEMO';

/** The API over the real engine, at the demonstration host. */
describe('the session API at a host', () => {
  const lines: string[] = [];
  const keep = (message: string, fields: LogFields = {}): void => {
    lines.push(JSON.stringify({ message, ...fields }));
  };
  const log: Logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => log };
  let host: DemoHost;
  let server: Server;
  let client: Client;
  let url: string;
  let silent: TcpServer;
  let silentPort: number;

  beforeAll(async () => {
    host = await startDemoHost({ port: 0, name: 'HOST' });
    server = await createServer(
      { port: 0, token: TOKEN, version: '0.0.0' },
      { openSession, log: { ...silentLog(), logger: log } },
    );
    ({ url } = await server.start());
    client = createClient({ url, token: TOKEN });
    silent = createTcpServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, HOST, resolve));
    silentPort = (silent.address() as { port: number }).port;
  });
  afterAll(async () => {
    client.close();
    await server.stop();
    await host.close();
    silent.close();
  });

  const open = (): Promise<SessionResource> => client.createSession({ host: HOST, port: host.port, model: '3279-2-E' });
  const failureOf = async (work: Promise<unknown>): Promise<RoundhouseError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof RoundhouseError)) throw new Error('no coded error', { cause: error });
    return error;
  };
  const text = (value: string) => ({ type: 'text', text: value }) as const;
  const key = (value: 'Enter' | 'Tab' | 'PF3') => ({ type: 'key', key: value }) as const;
  const logOn: InputRequest = { actions: [text('joe'), key('Tab'), text(PASSWORD), key('Enter')] };

  it('carries a person from the logon to the goodbye', async () => {
    const { id, connection_state, lu } = await open();
    expect([connection_state, lu?.startsWith('DGEN')]).toEqual(['connected-tn3270e', true]);
    const menu = await client.sendInput(id, logOn);
    expect(menu).toMatchObject({ outcome: 'ok', keyboard_locked: false, rows: 24, columns: 80, formatted: true });
    expect(menu.screen_data).toContain('MAIN MENU');
    const inquiry = await client.sendInput(id, { actions: [text('1'), key('Enter')] });
    const account = await client.sendInput(id, {
      actions: [{ type: 'field', ...inquiry.cursor_position, value: '10001007' }, key('Enter')],
      wait: { for: 'text', text: 'ABBOTT', timeout_ms: 5_000 },
    });
    expect(account.screen_data).toContain('ABBOTT, GRACE');
    await client.deleteSession(id);
    expect(await failureOf(client.getSession(id))).toMatchObject({ code: 'SESSION_NOT_FOUND', status: 404 });
  });

  it.each([
    ['no such host', { host: 'no-such-host.invalid', port: 23 }, /^NAME_/, 502],
    ['a refused connection', { port: 1 }, /^CONNECT_REFUSED$/, 502],
    ['a silent host', { port: -1, timeout_ms: 200 }, /^(HOST_SILENT|TIMEOUT|DEADLINE_EXCEEDED)$/, 504],
    ['TLS at a host without', { tls: true, timeout_ms: 2_000 }, /^(TLS_PROTOCOL|TIMEOUT|CONNECTION_)/, 502],
    ['an LU that nobody knows', { lu: 'NOSUCH' }, /^LU_UNKNOWN$/, 422],
    ['a wrong model', { model: '3279-9' }, /^MODEL_UNKNOWN$/, 422],
    ['a wrong code page', { code_page: '9999' }, /^CODE_PAGE_UNKNOWN$/, 422],
  ])('names what is wrong with %s', async (_title, request, code, status) => {
    const port = 'port' in request && request.port === -1 ? silentPort : host.port;
    const error = await failureOf(
      client.createSession({
        host: HOST,
        ...request,
        port: 'port' in request && request.port !== -1 ? request.port : port,
      }),
    );
    expect(error.code).toMatch(code);
    expect(error.hint).not.toBe('');
    if (!/DEADLINE|TIMEOUT|CONNECTION/.test(error.code)) expect(error.status).toBe(status);
  });

  it('names an LU that is in use', async () => {
    const first = await client.createSession({ host: HOST, port: host.port, lu: 'DEMO0001' });
    const error = await failureOf(client.createSession({ host: HOST, port: host.port, lu: 'DEMO0001' }));
    expect(error).toMatchObject({ code: 'LU_IN_USE', status: 409 });
    await client.deleteSession(first.id);
  });

  describe('refuses bad input, and the session stays usable', () => {
    it.each([
      [
        'text in a protected field',
        { actions: [{ type: 'cursor', row: 1, column: 3 }, text('X')] },
        'FIELD_PROTECTED',
        1,
      ],
      [
        'a value too long',
        { actions: [{ type: 'field', row: 10, column: 40, value: 'X'.repeat(60) }] },
        'FIELD_OVERFLOW',
        0,
      ],
      ['a position off the screen', { actions: [{ type: 'cursor', row: 25, column: 1 }] }, 'POSITION_INVALID', 0],
      ['keys after the one that calls the host', { actions: [key('Enter'), text('X')] }, 'KEYBOARD_LOCKED', 1],
      ['a wait in vain', { actions: [], wait: { for: 'text', text: 'NEVER', timeout_ms: 50 } }, 'WAIT_TIMEOUT', 0],
      ['10,000 actions', { actions: Array.from({ length: 10_000 }, () => text('X')) }, 'TOO_MANY_ACTIONS', 0],
    ] satisfies ReadonlyArray<readonly [string, InputRequest, string, number]>)(
      '%s',
      async (_title, request, code, completed) => {
        const { id } = await open();
        const error = await failureOf(client.sendInput(id, request));
        expect(error.code).toBe(code);
        expect(error.details['completed_actions']).toBe(completed);
        const usable = await client.sendInput(id, { actions: [], wait: { for: 'unlocked', timeout_ms: 5_000 } });
        expect(usable.connection_state).toBe('connected-tn3270e');
        await client.deleteSession(id);
      },
    );
  });

  it('tells a host that hangs up in the middle of an input', async () => {
    const { id } = await open();
    await client.sendInput(id, logOn);
    const error = await failureOf(
      client.sendInput(id, {
        actions: [text('6'), key('Enter')],
        wait: { for: 'text', text: 'NEVER', timeout_ms: 10_000 },
      }),
    );
    expect(error).toMatchObject({ code: 'SESSION_CLOSED', details: { completed_actions: 2 } });
    expect((await client.getSession(id)).state).toMatch(/^(closed|error)$/);
  });

  it('shows hidden fields nowhere: not on the screen in any format, nor in the log', async () => {
    const { id } = await open();
    // The password stands in its field, not yet sent.
    await client.sendInput(id, { actions: [text('joe'), key('Tab'), text('HUSHHUSH')], wait: { for: 'none' } });
    const seen = [
      JSON.stringify(await client.getScreen(id)),
      JSON.stringify(await client.getScreenCells(id)),
      await client.getScreenPage(id, 'text'),
      await client.getScreenPage(id, 'html'),
      lines.join('\n'),
    ].join('\n');
    expect(seen).toContain('joe');
    expect(seen).not.toMatch(/HUSH|c8 e4 e2 c8/i);
    const refused = await client.sendInput(id, { actions: [key('Enter')] });
    expect(refused.screen_data).toContain('PASSWORD NOT VALID');
    expect(refused.screen_data).not.toContain('HUSH');
    const error = await failureOf(
      client.sendInput(id, {
        actions: [key('Tab'), text('SECRET12SECRET12SECRET12'), { type: 'cursor', row: 99, column: 1 }],
      }),
    );
    expect(JSON.stringify(error)).not.toContain('SECRET');
    await client.deleteSession(id);
    expect(lines.join('\n')).not.toMatch(/HUSH|SECRET/);
  });
});
