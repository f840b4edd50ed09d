import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createScope } from '@roundhouse/core';
import { createCertificateAuthority, FakeClock } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { Execute } from '../probe/command.ts';
import { runHook } from './hook.ts';

const unwanted: Execute = () => Promise.reject(new Error('nobody should run this'));

const open: http.Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function portOf(server: http.Server): Promise<number> {
  open.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('a hook', () => {
  it('runs its command, which must end with 0', async () => {
    using scope = createScope();
    const asked: unknown[] = [];
    const ending =
      (code: number): Execute =>
      async (command) => {
        asked.push(command);
        return { code, output: 'queue is not empty' };
      };
    const hook = { kind: 'exec', command: ['drain', '--all'], timeoutMs: 1_000 } as const;
    await runHook(hook, { execute: ending(0) }, scope);
    await expect(runHook(hook, { execute: ending(3) }, scope)).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      message: 'The hook failed: The command drain ended with exit code 3: queue is not empty',
    });
    expect(asked).toEqual([hook.command, hook.command]);
  });

  it('asks its address as it is told to', async () => {
    using scope = createScope();
    const asked: string[] = [];
    const server = http.createServer(({ method, url }, response) => {
      asked.push(`${method} ${url}`);
      response.writeHead(url?.startsWith('/no') ? 500 : 204).end();
    });
    const origin = `http://127.0.0.1:${await portOf(server)}`;
    const ask = (url: string, method: 'GET' | 'POST' | 'PUT'): Promise<void> =>
      runHook({ kind: 'http', url, method, timeoutMs: 1_000 }, { execute: unwanted }, scope);
    await ask(`${origin}/drain?now`, 'POST');
    await ask(origin, 'PUT');
    await expect(ask(`${origin}/no?token=t0k`, 'GET')).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      message: `The hook failed: ${origin}/no answered 500: nothing`,
    });
    expect(asked).toEqual(['POST /drain?now', 'PUT /', 'GET /no?token=t0k']);
  });

  it('asks this machine over https whoever has signed its certificate', async () => {
    using scope = createScope();
    const { cert, key } = createCertificateAuthority().issue();
    const port = await portOf(https.createServer({ cert, key }, (_request, response) => response.end()));
    const hook = { kind: 'http', url: `https://localhost:${port}/`, method: 'POST', timeoutMs: 1_000 } as const;
    await runHook(hook, { execute: unwanted }, scope);
  });

  it('ends with its scope, and leaves nothing', async () => {
    const clock = new FakeClock();
    using scope = createScope({ clock, timeoutMs: 1_000, what: 'The pre-stop hook' });
    const hook = { kind: 'exec', command: ['sleep', '9'], timeoutMs: 1_000 } as const;
    const running = runHook(hook, { execute: () => new Promise(() => {}) }, scope);
    const refused = expect(running).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
    await clock.advance(1_000);
    await refused;
    expect(clock.pendingTimers).toBe(0);
  });
});
