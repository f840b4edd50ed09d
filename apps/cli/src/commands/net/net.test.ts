import { createScope } from '@roundhouse/core';
import { listen, type NetServer } from '@roundhouse/net';
import { serveWebSocket } from '@roundhouse/protocols/websocket';
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
