import { createScope } from '@roundhouse/core';
import type { NetServer } from '@roundhouse/net';
import { parseMessage } from '@roundhouse/protocols/mime';
import { serveSmtp } from '@roundhouse/protocols/smtp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../exit.ts';
import { run } from '../../main.ts';

const scope = createScope();
let server: NetServer;
let taken: Uint8Array[];

beforeAll(async () => {
  server = await serveSmtp(
    { hostname: 'mx.example.com' },
    {
      recipient: async ({ address }) =>
        address.endsWith('@example.com') ? undefined : { code: 550, enhanced: '5.1.1', text: 'Not here' },
      async message({ text }) {
        taken.push(Buffer.concat(await Array.fromAsync(text)));
        return undefined;
      },
    },
  );
});
beforeEach(() => {
  taken = [];
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

const MESSAGE = ['--from', 'Anna <anna@example.org>', '--subject', 'Größe', '--security', 'off'];
const send = (...more: readonly string[]): readonly string[] =>
  ['net', 'mail', 'send', MESSAGE, '--url', `smtp://127.0.0.1:${server.port}`, more].flat();

describe('net mail send', () => {
  it('gives a message to a server, and shows each phase with its time', async () => {
    const { code, stdout } = await cli(send('--to', 'bert@example.com', '--body', '-'), ['one\n', 'two\n']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^<.+@example\.org>: \d+ bytes, taken for 1, refused for 0\n250 2\.6\.0 /);
    expect(stdout).toMatch(/PHASE +TIME +OUTCOME\nconnect +\d.*ok\ngreeting .*ok\nsend .*ok\nclose .*ok\n/);
    const message = await parseMessage(taken[0] as Uint8Array);
    expect(message).toMatchObject({ subject: 'Größe', from: { name: 'Anna', address: 'anna@example.org' } });
    expect(message.text?.trim()).toBe('one\ntwo');
  });

  it('says as JSON what the server said of each recipient, and ends with 8 when it refused some', async () => {
    const { code, stdout } = await cli(send('--to', 'bert@example.com', '--to', 'eve@elsewhere.test', '--json'));
    expect(code).toBe(EXIT.Findings);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'ok',
      phases: [{ name: 'connect', ok: true, elapsed_ms: expect.any(Number), code: null }, {}, {}, {}],
      accepted: [{ address: 'bert@example.com', code: 250 }],
      refused: [{ address: 'eve@elsewhere.test', code: 550, enhanced: '5.1.1', text: '5.1.1 Not here' }],
      reply: { code: 250 },
    });
  });

  it('fails with the code and the phase when it takes nobody', async () => {
    const argv = send('--to', 'eve@elsewhere.test');
    const { code, stdout, stderr } = await cli(argv);
    expect([code, stdout]).toEqual([EXIT.Failure, '']);
    expect(stderr).toMatch(/send +\d.*PEER_REFUSED\n/);
    expect(stderr).toMatch(/code: PEER_REFUSED/);
    const json = await cli([...argv, '--json']);
    expect(json.code).toBe(EXIT.Failure);
    expect(JSON.parse(json.stdout)).toMatchObject({
      outcome: 'failed',
      phases: [{ ok: true }, { ok: true }, { name: 'send', ok: false, code: 'PEER_REFUSED' }],
      error: { code: 'PEER_REFUSED', hint: expect.any(String) },
    });
  });

  it('says nothing in the clear unless it is told to', async () => {
    const argv = send('--to', 'bert@example.com', '--security', 'required');
    const { code, stderr } = await cli(argv);
    expect(code).toBe(EXIT.Failure);
    expect(stderr).toContain('code: TLS_REFUSED');
    expect(taken).toEqual([]);
  });

  it.each([
    [['--to', 'nobody'], 'user@example.com'],
    [['--to', 'a@example.com', '--text', 'x', '--body', '-'], '--text'],
    [['--to', 'a@example.com', '--attach', '/nowhere/a'], 'there is none'],
    [['--to', 'a@example.com', '--dkim', 'example.com'], 'SELECTOR:KEY.pem'],
    [['--to', 'a@example.com', '--user', 'anna'], 'ROUNDHOUSE_MAIL_PASSWORD'],
  ])('tells what is wrong with %j, and connects to nobody', async (more, hint) => {
    const { code, stderr } = await cli(send(...more));
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('PHASE');
  });
});

describe('net mail list and fetch', () => {
  it.each([
    [['list', 'imaps://mail.example'], 'USER@HOST'],
    [['list', 'smtp://anna@mail.example'], 'imaps://'],
    [['list', 'pop3s://anna@mail.example', '--unseen'], 'POP3 does not know'],
    [['fetch', 'imaps://anna@mail.example', 'x'], 'digits'],
    [['fetch', 'imaps://anna:sesame@mail.example', '1'], 'others could read the password'],
  ])('tell what is wrong with %j', async (argv, hint) => {
    const { code, stderr } = await cli(['net', 'mail', ...argv]);
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('sesame');
  });
});
