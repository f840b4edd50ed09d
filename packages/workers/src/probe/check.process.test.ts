import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createScope, type Scope } from '@roundhouse/core';
import { isInstalled, type PeerProcess, startPeer } from '@roundhouse/testing';
import type { ProbeResult } from '@roundhouse/traffic';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeAction } from '../spec/spec.ts';
import { createWorkerCheck } from './check.ts';
import type { Command } from './command.ts';

const HOST = '127.0.0.1';
const SERVER = `
import http.server
server = http.server.ThreadingHTTPServer(("${HOST}", 0), http.server.SimpleHTTPRequestHandler)
print(server.server_port, flush=True)
server.serve_forever()
`;

/** Runs a command to its end, or kills it with the scope. */
async function execute([program, ...args]: Command, scope: Scope): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  scope.onEnd(() => child.kill('SIGKILL'));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

const unwanted = (): never => {
  throw new Error('nobody should ask for this');
};

async function check(action: ProbeAction, timeoutMs = 5_000): Promise<ProbeResult> {
  using scope = createScope();
  using own = scope.child({ timeoutMs, what: 'The probe' });
  const run = { generation: 1, process: { pid: 1, startTime: 1, bootId: '' }, startedAt: 0 };
  const workerCheck = createWorkerCheck(
    { worker: 'web', number: 0 },
    run,
    {
      execute,
      logs: { follow: unwanted },
      endpointProbe: unwanted,
      urlProbe: { kind: 'url', check: unwanted },
      contract: undefined,
      notices: { isReady: unwanted },
    },
    scope,
  );
  return await workerCheck.check(action, 'liveness', own);
}

describe.skipIf(!isInstalled('python3'))('checks of a program that is not ours', () => {
  let server: PeerProcess;
  let port: number;
  const http = (path: string): ProbeAction => ({ kind: 'http', host: HOST, port, isTls: false, path, headers: {} });
  const tcp = (): ProbeAction => ({ kind: 'tcp', host: HOST, port });

  beforeAll(async () => {
    server = await startPeer('python3', ['-c', SERVER], { cwd: import.meta.dirname });
    port = await new Promise((resolve) => server.onOutput((line) => resolve(Number(line))));
  });
  afterAll(() => server.close());

  it('ask for a page', async () => {
    expect(await check(http('/check.ts'))).toMatchObject({ outcome: 'ok' });
    expect(await check(http('/none'))).toMatchObject({ outcome: 'failed', error: { code: 'PROBE_HTTP_STATUS' } });
    expect(await check(tcp())).toMatchObject({ outcome: 'ok' });
  });

  it('tell one that hangs, whose connections the kernel still takes, from one that is gone', async () => {
    process.kill(server.pid, 'SIGSTOP');
    expect(await check(tcp(), 300)).toMatchObject({ outcome: 'ok' });
    expect(await check(http('/'), 300)).toMatchObject({ error: { code: 'DEADLINE_EXCEEDED' } });
    process.kill(server.pid, 'SIGCONT');
    expect(await check(http('/check.ts'))).toMatchObject({ outcome: 'ok' });
    server.kill();
    await server.exited;
    expect(await check(tcp())).toMatchObject({ error: { code: 'CONNECT_REFUSED' } });
    expect(await check(http('/'))).toMatchObject({ error: { code: 'CONNECT_REFUSED' } });
  });

  it('run a command', async () => {
    const exec = (script: string): ProbeAction => ({ kind: 'exec', command: ['sh', '-c', script] });
    expect(await check(exec('exit 0'))).toMatchObject({ outcome: 'ok' });
    expect((await check(exec('echo no route >&2; exit 3'))).error?.message).toBe(
      'The command sh ended with exit code 3: no route',
    );
    expect((await check(exec('exec sleep 60'), 200)).error?.code).toBe('DEADLINE_EXCEEDED');
  });
});
