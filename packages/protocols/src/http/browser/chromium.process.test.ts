import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { createScope, type Scope } from '@roundhouse/core';
import { createCertificateAuthority } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventStream } from '../../sse/index.ts';
import { type WebSocketHandler, webSocketHook } from '../../websocket/index.ts';
import {
  compress,
  createRouter,
  type HttpHandler,
  type HttpServerOptions,
  json,
  type Router,
  serveHttp,
  staticFiles,
  text,
} from '../index.ts';
import { hasChromium, openChromium } from './chromium.fixture.ts';

/** A browser takes its time on a machine that has other things to do. */
const PATIENCE_MS = 90_000;

const tls = createCertificateAuthority().issue();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-browser-'));
  await copyFile(join(import.meta.dirname, 'page.fixture.html'), join(folder, 'page.html'));
  await writeFile(join(folder, 'ten.txt'), '0123456789');
  await writeFile(join(folder, 'data.json'), '{"from":"the plain file"}');
  await writeFile(join(folder, 'data.json.gz'), gzipSync('{"from":"the small file"}'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the page reports, and how its requests came. */
class Visit {
  readonly findings = Promise.withResolvers<unknown>();
  /** By path. */
  readonly versions = new Map<string, string>();
  readonly left = Promise.withResolvers<void>();
  socketMethod: string | undefined;

  routes(): Router {
    return createRouter()
      .get('/files/*path', this.#seen(staticFiles({ folder, precompressed: true })))
      .get(
        '/numbers',
        this.#seen(() => json({ numbers: Array.from({ length: 5_000 }, (_, index) => index) })),
        compress(),
      )
      .post(
        '/echo',
        this.#seen(async ({ body }) => text(await body.text())),
      )
      .get(
        '/endless',
        this.#seen((_request, scope) => ({ status: 200, body: this.#endless(scope) })),
      )
      .get('/left', async () => {
        await this.left.promise;
        return text('the server has noticed');
      })
      .get(
        '/events',
        this.#seen((request, scope) => eventStream(request, { source: events, retryMs: 100 }, scope)),
      )
      .post('/findings', async ({ body }) => {
        this.findings.resolve(await body.json());
        return { status: 204 };
      });
  }

  /** Echoes, until it is told to end. */
  readonly talk: WebSocketHandler = async (connection, request) => {
    this.socketMethod = request.method;
    for await (const message of connection) {
      if (message === 'bye') {
        await connection.close(4_001, 'that is enough');
        return;
      }
      await connection.send(message, connection.scope);
    }
  };

  #seen(handler: HttpHandler): HttpHandler {
    return (request, scope) => {
      this.versions.set(request.path, request.version);
      return handler(request, scope);
    };
  }

  async *#endless(scope: Scope): AsyncGenerator<string> {
    scope.onEnd(() => this.left.resolve());
    for (;;) {
      yield 'on and on\n';
      await scope.sleep(50);
    }
  }
}

/** Two, and a third for whoever comes again behind them. */
async function* events(lastEventId: string | undefined) {
  if (lastEventId === '2') {
    yield { id: '3', data: 'three' };
    return;
  }
  yield { id: '1', data: 'one\nand a half' };
  yield { id: '2', event: 'named', data: 'two' };
}

const BYTES = Array.from({ length: 256 }, (_, index) => index).join();

describe.skipIf(!hasChromium)('Chromium, which is skipped where its program is absent', () => {
  it.each([
    ['http/1.1', 'in the clear', {}, '1.1', 'GET'],
    ['http/1.1', 'over TLS', { tls, versions: ['http/1.1'] }, '1.1', 'GET'],
    // RFC 8441: the WebSocket is a stream of the connection that is there.
    ['h2', 'over TLS', { tls }, '2', 'CONNECT'],
  ] as const)(
    'speaks %s %s with the server: pages, fetch, events, WebSockets',
    async (protocol, _way, options: HttpServerOptions, version, socketMethod) => {
      const visit = new Visit();
      const compression = { threshold: 100 };
      const upgrade = webSocketHook({ subprotocols: ['chat'], compression }, visit.talk);
      await using server = await serveHttp({ ...options, upgrade }, visit.routes());
      const scheme = options.tls === undefined ? 'http' : 'https';
      const url = `${scheme}://localhost:${server.port}/files/page.html`;
      await using _browser = await openChromium(url, tls.cert);
      using scope = createScope({ timeoutMs: PATIENCE_MS });
      expect(await scope.race(visit.findings.promise)).toEqual({
        navigation: protocol,
        compressed: { encoding: expect.stringMatching(/^(gzip|zstd)$/), count: 5_000, last: 4_999 },
        precompressed: { encoding: 'gzip', content: { from: 'the small file' } },
        echo: 'grüß dich',
        range: { status: 206, text: '234' },
        aborted: 'the server has noticed',
        events: [
          ['message', 'one\nand a half', '1'],
          ['named', 'two', '2'],
          ['message', 'three', '3'],
        ],
        socket: {
          protocol: 'chat',
          extensions: expect.stringContaining('permessage-deflate'),
          text: 'grüß dich',
          long: 100_000,
          bytes: BYTES,
          code: 4_001,
          reason: 'that is enough',
          wasClean: true,
        },
      });
      expect(new Set(visit.versions.values())).toEqual(new Set([version]));
      expect(visit.socketMethod).toBe(socketMethod);
    },
    PATIENCE_MS + 30_000,
  );
});
