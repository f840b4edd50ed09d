import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope, type Scope } from '@roundhouse/core';
import { createCertificateAuthority, isInstalled, startPeer } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probeUrl } from '../probe/index.ts';
import { Echo, echoService } from './echo.fixture.ts';
import {
  binaryMetadata,
  connectGrpc,
  GRPC_STATUSES,
  type GrpcConnectOptions,
  grpcStatusOf,
  loadServices,
  serveGrpc,
} from './index.ts';

/** Debian's own: python3-grpcio is not seen by another. */
const PYTHON = '/usr/bin/python3';
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const isAvailable = isInstalled('protoc') && spawnSync(PYTHON, ['-c', 'import grpc, google.protobuf']).status === 0;

describe.skipIf(!isAvailable)('gRPC of others (grpcio)', () => {
  const parts = new AsyncDisposableStack();
  const scope = createScope({ timeoutMs: 120_000 });
  const made = mkdtempSync(join(tmpdir(), 'rh-grpc-'));
  const { cert: ca, ...authority } = createCertificateAuthority();
  const files = { ca: join(made, 'ca.pem'), key: join(made, 'key.pem'), cert: join(made, 'cert.pem') };

  /** A script of theirs, and what it has printed. */
  async function python(...args: string[]) {
    const command = [`PYTHONPATH=${made}`, PYTHON, join(FOLDER, 'grpcio.fixture.py'), ...args];
    const peer = parts.use(await startPeer('/usr/bin/env', command));
    let output = '';
    peer.onOutput((text) => void (output += text));
    return { peer, lines: () => output.split('\n').slice(0, -1) };
  }
  type Python = Awaited<ReturnType<typeof python>>;

  async function lineOf({ peer, lines }: Python, index: number): Promise<string> {
    for (;;) {
      const line = lines()[index];
      if (line !== undefined) return line;
      if (peer.exit !== undefined) throw peer.failure(`it ended before its line ${index}`);
      await scope.sleep(10);
    }
  }

  beforeAll(() => {
    const { status, stderr } = spawnSync('protoc', [`--python_out=${made}`, `-I${FOLDER}`, 'echo.fixture.proto']);
    if (status !== 0) throw new Error(`protoc: ${String(stderr)}`);
    const { cert, key } = authority.issue();
    writeFileSync(files.ca, ca);
    writeFileSync(files.key, key);
    writeFileSync(files.cert, cert);
  });

  afterAll(async () => {
    await parts.disposeAsync();
    scope.end();
    rmSync(made, { recursive: true, force: true });
  });

  describe.each(['in the clear', 'over TLS'] as const)('a client of theirs, %s', (how) => {
    const told: Record<string, unknown> = {};
    const waiting: Scope[] = [];

    beforeAll(async () => {
      const tls = how === 'over TLS' ? { tls: authority.issue() } : {};
      const server = parts.use(await serveGrpc(tls, [echoService((each) => void waiting.push(each))]));
      const address = how === 'over TLS' ? `localhost:${server.port}` : `127.0.0.1:${server.port}`;
      const { peer, lines } = await python('call', address, ...(how === 'over TLS' ? [files.ca] : []));
      const exit = await peer.exited;
      if (exit.code !== 0) throw peer.failure('it failed');
      for (const line of lines()) Object.assign(told, JSON.parse(line));
    }, 60_000);

    it.each([
      ['unary', 'hellohello'],
      ['metadata', ['x', 'hi', 'hi']],
      ['repeat', ['x 0', 'x 1', 'x 2']],
      ['join', 'a b c'],
      ['chat', ['a', 'b', 'c']],
      ['large', 1_000_000],
      ['health', '0801'],
      ['cancelled', ['x 0', 'CANCELLED']],
    ])('is served: %s', (name, result) => expect(told[name]).toEqual(result));

    it.each([
      ['too large', 'RESOURCE_EXHAUSTED'],
      ['deadline', 'DEADLINE_EXCEEDED'],
      ['early', 'FAILED_PRECONDITION'],
      ['absent', 'UNIMPLEMENTED'],
      // Compression is off: those who ask first fall back, those who do not are told.
      ['gzip', 'UNIMPLEMENTED'],
    ])('is told of a failure: %s', (name, status) => expect(told[name]).toMatchObject({ status }));

    it('has its handlers end with its calls', () => {
      // The one with a deadline may not have come that far.
      expect(waiting.length).toBeGreaterThanOrEqual(1);
      for (const each of waiting) expect(each.signal.aborted).toBe(true);
    });

    it.each(GRPC_STATUSES.slice(1).map((status, index) => [index + 1, status] as const))(
      'reads %d as %s, with text, details and trailers',
      (number, status) => {
        expect(told[`status ${number}`]).toMatchObject({
          status,
          text: `why ${number} ä`,
          method: 'roundhouse.test.Echo/Say',
          details: true,
        });
      },
    );

    it('reads the status behind messages', () => {
      expect(told['partly']).toMatchObject({ status: 'DATA_LOSS', text: 'ä %' });
    });
  });

  describe.each(['in the clear', 'over TLS'] as const)('a server of theirs, %s', (how) => {
    let port: number;
    let peer: Python;
    let options: GrpcConnectOptions;

    beforeAll(async () => {
      peer = await python('serve', ...(how === 'over TLS' ? [files.key, files.cert] : []));
      port = Number(await lineOf(peer, 0));
      options = { host: 'localhost', port, ...(how === 'over TLS' && { tls: { ca } }) };
    }, 60_000);

    const connect = async (more: Partial<GrpcConnectOptions> = {}) => connectGrpc({ ...options, ...more }, scope);

    async function* texts(...all: readonly string[]) {
      for (const text of all) yield { text };
    }

    it('answers calls of each kind', async () => {
      await using session = await connect();
      const echo = session.client(Echo);
      expect((await echo.say({ text: 'hello', times: 2 }, scope)).text).toBe('hellohello');
      const repeated = await Array.fromAsync(echo.repeat({ text: 'x', times: 2 }, scope), ({ text }) => text);
      expect(repeated).toEqual(['x 0', 'x 1']);
      expect((await echo.join(texts('a', 'b'), scope)).text).toBe('a b');
      expect(await Array.fromAsync(echo.chat(texts('a', 'b'), scope), ({ text }) => text)).toEqual(['a', 'b']);
      expect((await echo.say({ text: 'x'.repeat(1_000_000) }, scope)).text).toHaveLength(1_000_000);
      expect(await session.health(scope)).toBe('SERVING');
    });

    it('answers calls by descriptors alone, compressed', async () => {
      const file = join(made, 'set.bin');
      spawnSync('protoc', ['--include_imports', `--descriptor_set_out=${file}`, `-I${FOLDER}`, 'echo.fixture.proto']);
      const services = await loadServices(readFileSync(file));
      await using session = await connect({ compression: 'gzip' });
      const method = services.method('roundhouse.test.Echo/Say');
      const metadata = { 'x-gzip': '1' };
      expect((await session.unary(method, { text: 'x', times: 10_000 }, scope, { metadata }))['text']).toHaveLength(
        10_000,
      );
    });

    it('gets and gives metadata', async () => {
      await using session = await connect();
      const told: Record<string, string>[] = [];
      const note = (fields: Readonly<Record<string, string>>) => void told.push({ ...fields });
      const metadata = { 'x-said': 'hi' };
      await session.client(Echo).say({ text: '' }, scope, { metadata, onHeaders: note, onTrailers: note });
      expect(told[0]).toMatchObject({ 'x-heard': 'hi' });
      expect(binaryMetadata(told[1] ?? {}, 'x-heard-bin').map((each) => Buffer.from(each).toString())).toEqual(['hi']);
    });

    it.each(GRPC_STATUSES.slice(1).map((status, index) => [index + 1, status] as const))(
      'fails with %d, which is %s',
      async (number, status) => {
        await using session = await connect();
        const pending = session.client(Echo).say({ text: 'why ä', status: number }, scope);
        const error = await pending.catch((each: unknown) => each);
        expect(error).toMatchObject({ protocol: 'grpc', sent: 'all', remote: { status, text: 'why ä' } });
        const details = number === 5 ? [{ type: 'a.B', value: Uint8Array.of(1) }] : [];
        expect(grpcStatusOf(error)?.statusDetails).toEqual(details);
      },
    );

    it('learns the deadline, and that a call was given up', async () => {
      await using session = await connect();
      const echo = session.client(Echo);
      const heard = peer.lines().length;
      const metadata = { 'x-wait': '1' };
      const late = echo.say({ text: 'late' }, scope, { metadata, timeoutMs: 2_000 });
      await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', protocol: 'grpc' });
      expect(JSON.parse(await lineOf(peer, heard))).toEqual({ begun: 'late' });
      const seen = JSON.parse(await lineOf(peer, heard + 1)) as { ended: boolean; deadline: number };
      expect(seen.ended).toBe(true);
      expect(seen.deadline).toBeLessThanOrEqual(2);

      const own = scope.child();
      const given = echo.say({ text: 'given up' }, own, { metadata });
      given.catch(() => {});
      expect(JSON.parse(await lineOf(peer, heard + 2))).toEqual({ begun: 'given up' });
      own.end();
      await expect(given).rejects.toMatchObject({ code: 'CANCELLED' });
      expect(JSON.parse(await lineOf(peer, heard + 3))).toMatchObject({ ended: true });
    });

    it('may refuse the rest of a stream', async () => {
      await using session = await connect();
      const requests = (async function* () {
        yield { text: 'no', status: 9 };
        await new Promise(() => {});
      })();
      const pending = session.client(Echo).join(requests, scope);
      await expect(pending).rejects.toMatchObject({ remote: { status: 'FAILED_PRECONDITION' } });
    });

    it('may send more than this side takes', async () => {
      await using session = await connect({ limits: { maxReceiveBytes: 1_000 } });
      const echo = session.client(Echo);
      await expect(echo.say({ text: 'x', times: 2_000 }, scope)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
      expect((await echo.say({ text: 'x' }, scope)).text).toBe('x');
    });

    it('is probed', async () => {
      const scheme = how === 'over TLS' ? 'grpcs' : 'grpc';
      const report = await probeUrl(`${scheme}://localhost:${port}/`, { tls: { ca } }, scope);
      expect(report).toMatchObject({ outcome: 'ok', facts: { serving_status: 'SERVING' } });
    });
  });
});
