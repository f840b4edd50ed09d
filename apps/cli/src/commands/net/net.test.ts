import { createScope } from '@roundhouse/core';
import { listen, type NetServer } from '@roundhouse/net';
import { parseZone, serveDns } from '@roundhouse/protocols/dns';
import { serveHttp } from '@roundhouse/protocols/http';
import { serveWebSocket } from '@roundhouse/protocols/websocket';
import { defineScreen, serveHost } from '@roundhouse/tn3270/host';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../exit.ts';
import { run } from '../../main.ts';

let server: NetServer;
let silentPort = 0;
const scope = createScope();

beforeAll(async () => {
  server = await serveWebSocket({ subprotocols: ['upper'] }, async (connection, request) => {
    const shout = connection.subprotocol === 'upper';
    if (request.headers['x-greet'] !== undefined) await connection.send('hi', connection.scope);
    for await (const message of connection) {
      if (message === 'leave') return;
      await connection.send(typeof message === 'string' && shout ? message.toUpperCase() : message, connection.scope);
    }
  });
  silentPort = (await listen({ host: '127.0.0.1', port: 0 }, () => {}, scope)).port;
});
afterAll(async () => {
  await server.drain();
  scope.end();
});

async function cli(argv: readonly string[], lines: readonly string[] = []) {
  let stdout = '';
  let stderr = '';
  const code = await run(argv, {
    version: '1',
    env: {},
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: (async function* () {
      yield* lines;
    })(),
    stop: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

describe('net probe', () => {
  it('waits for the first screen of a host', async () => {
    const welcome = defineScreen({ fields: [{ row: 2, column: 5, text: 'WELCOME' }] });
    const host = await serveHost({ port: 0 }, async (terminal) => void (await terminal.show(welcome)), {}, scope);
    const { code, stdout } = await cli(['net', 'probe', `tn3270://127.0.0.1:${host.port}`, '--timeout', '5s']);
    expect(stdout).toMatch(/negotiate .*ok\n/);
    expect(stdout).toMatch(/connection_state +connected-/);
    expect(code).toBe(EXIT.Ok);
  });

  it('shows each phase with its time, and ends with 0 when all is well', async () => {
    const { code, stdout } = await cli(['net', 'probe', `ws://127.0.0.1:${server.port}/`]);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(
      /: ok after \d+\.\d ms\n\nPHASE +TIME +OUTCOME\nconnect +\d.*ok\nnegotiate .*ok\nrequest .*ok\nclose .*ok\n/,
    );
  });

  it('ends with 7 and a code otherwise, within its time', async () => {
    const { code, stdout, stderr } = await cli([
      'net',
      'probe',
      `http://127.0.0.1:${silentPort}/`,
      '--timeout',
      '50ms',
    ]);
    expect(code).toBe(EXIT.ProbeFailed);
    expect(code).toBe(7);
    expect(stdout).toMatch(/request +\d+\.\d ms +TIMEOUT/);
    expect(stderr).toMatch(/hint: .+\n {2}code: TIMEOUT\n/);
  });

  it('says all of it as JSON', async () => {
    const { code, stdout, stderr } = await cli(['net', 'probe', `tcp://127.0.0.1:${silentPort}`, '--json']);
    expect(code).toBe(EXIT.Ok);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'ok',
      elapsed_ms: expect.any(Number),
      phases: [{ name: 'connect', ok: true, elapsed_ms: expect.any(Number) }],
    });
    const failed = await cli(['net', 'probe', `wss://127.0.0.1:${server.port}`, '--json']);
    expect(failed.code).toBe(7);
    expect(JSON.parse(failed.stdout)).toMatchObject({
      outcome: 'failed',
      error: { code: 'TLS_PROTOCOL', hint: expect.any(String) },
    });
  });

  it.each(['127.0.0.1:80', 'gopher://localhost', 'tcp://localhost'])('says how %s is written', async (url) => {
    const { code, stderr } = await cli(['net', 'probe', url]);
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toMatch(/hint: Write /);
  });
});

describe('net http', () => {
  const serve = (): Promise<NetServer> =>
    serveHttp({}, async ({ method, headers, body, path }) => {
      if (path === '/missing') return { status: 404, body: 'nothing here' };
      if (path === '/bytes') return { status: 200, body: Uint8Array.of(0xff, 0) };
      return { status: 200, headers: { 'x-seen': headers['x-a'] }, body: `${method} ${await body.text()}\u001b[2J\n` };
    });

  it('prints what comes back, and the fields when asked', async () => {
    await using http = await serve();
    const url = `http://127.0.0.1:${http.port}/`;
    expect(await cli(['net', 'http', url])).toEqual({ code: EXIT.Ok, stdout: 'GET \u001b[2J\n', stderr: '' });
    const posted = await cli(['net', 'http', url, '-d', '@-', '-H', 'X-A: b', '-i'], ['some', 'thing']);
    expect(posted.stdout).toMatch(/^HTTP\/1\.1 200\n(?:.*\n)*x-seen: b\n(?:.*\n)*\nPOST something/);
    expect((await cli(['net', 'http', `${url}bytes`])).stdout).toContain('2 bytes that are no text');
  });

  it('ends with 1 for a status from 400, and says all as JSON', async () => {
    await using http = await serve();
    const { code, stdout } = await cli(['net', 'http', `http://127.0.0.1:${http.port}/missing`, '--json']);
    expect(code).toBe(EXIT.Failure);
    expect(JSON.parse(stdout)).toMatchObject({
      version: '1.1',
      status: 404,
      body: 'nothing here',
      at_ms: { connected: expect.any(Number), answered: expect.any(Number), done: expect.any(Number) },
    });
  });

  it('tells what is wrong', async () => {
    const { code, stderr } = await cli(['net', 'http', `http://127.0.0.1:${silentPort}/`, '--timeout', '50ms']);
    expect(code).not.toBe(EXIT.Ok);
    expect(stderr).toMatch(/hint: .+\n {2}code: TIMEOUT/);
  });
});

describe('net dns', () => {
  it.each(['dns', 'dns+tcp'])('shows records (%s)', async (scheme) => {
    const zone = parseZone('$TTL 60\n@ SOA ns m 1 2 3 4 5\n@ NS ns\n@ MX 10 mail\n@ TXT "a b" c\nns A 192.0.2.1\n', {
      origin: 'ex.test',
    });
    const dns = await serveDns({ zones: [zone] });
    const server = ['--server', `${scheme}://127.0.0.1:${dns.port}`];
    const mx = await cli(['net', 'dns', 'ex.test', 'mx', ...server]);
    expect(mx).toEqual({
      code: EXIT.Ok,
      stdout: 'NAME      TTL  TYPE  DATA\nex.test.  60   MX    10 mail.ex.test.\n',
      stderr: '',
    });
    const txt = await cli(['net', 'dns', 'ex.test', 'TXT', '--json', ...server]);
    expect(JSON.parse(txt.stdout)).toMatchObject({ records: [{ name: 'ex.test.', type: 'TXT', data: '"a b" "c"' }] });
    expect((await cli(['net', 'dns', 'ns.ex.test', 'AAAA', ...server])).stdout).toContain('no such records');
    const missing = await cli(['net', 'dns', 'no.ex.test', ...server]);
    expect(missing.stderr).toContain('code: NAME_NOT_FOUND');
    expect(missing.code).not.toBe(EXIT.Ok);
    dns.abort();
  });

  it('says how types and servers are written', async () => {
    expect((await cli(['net', 'dns', 'ex.test', 'NOTHING'])).code).toBe(EXIT.Usage);
    const server = await cli(['net', 'dns', 'ex.test', '--server', 'gopher://x']);
    expect(server.code).toBe(EXIT.Usage);
    expect(server.stderr).toContain('dot://HOST');
  });
});

describe('net ws', () => {
  it('sends lines and prints messages', async () => {
    const url = `ws://127.0.0.1:${server.port}/`;
    const { code, stdout, stderr } = await cli(['net', 'ws', url, '--linger', '200ms'], ['one\ntw', 'o\r\n', 'three']);
    expect({ code, stderr }).toEqual({ code: EXIT.Ok, stderr: '' });
    expect(stdout).toBe('one\ntwo\nthree\n');
  });

  it('offers sub-protocols, sends fields, ends when the peer does', async () => {
    const url = `ws://127.0.0.1:${server.port}/`;
    const more = ['--subprotocol', 'upper', '-H', 'X-Greet: yes', '--json'];
    const { code, stdout } = await cli(['net', 'ws', url, ...more], ['a\nleave\n']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toBe('{"text":"hi"}\n{"text":"A"}\n');
  });

  it('tells what is wrong, and what to do', async () => {
    const { code, stderr } = await cli(['net', 'ws', 'http://localhost/']);
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toContain('ws://');
    const field = await cli(['net', 'ws', 'ws://localhost/', '-H', 'nonsense']);
    expect(field.code).toBe(EXIT.Usage);
    expect(field.stderr).toContain('Authorization: Bearer');
  });
});
