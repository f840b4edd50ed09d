import { createServer, type Server, type Socket } from 'node:net';
import type { EndpointProbeInput } from '@roundhouse/api';
import { createScope, type Scope } from '@roundhouse/core';
import type { ProbeResult } from '@roundhouse/traffic';
import { createCertificateAuthority } from '@roundhouse/testing';
import { defineScreen, type Host, type HostOptions, type HostTerminal, serveHost } from '@roundhouse/tn3270/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { endpointTarget } from '../session/target.ts';
import { hostProbe } from './probe.ts';

const PASSWORD = 'SESAME7';
const Logon = defineScreen({
  fields: [
    { row: 1, column: 2, text: 'LOGON' },
    { row: 12, column: 20, name: 'password', length: 8, hidden: true, cursor: true },
  ],
});
const Menu = defineScreen({ fields: [{ row: 1, column: 2, text: 'MAIN MENU' }] });
const Refused = defineScreen({ fields: [{ row: 1, column: 2, text: 'REFUSED' }] });

const TRANSACTION = {
  name: 'test transaction',
  steps: [
    {
      expect: { texts: [{ text: 'LOGON' }] },
      actions: [
        { type: 'text', text: { secret: 'probe' } },
        { type: 'key', key: 'Enter' },
      ],
      leads_to: { texts: [{ text: 'MAIN MENU' }] },
    },
  ],
};

let scope: Scope;
let host: Host | undefined;
let silent: Server | undefined;
const sockets = new Set<Socket>();
beforeEach(() => {
  scope = createScope();
});
afterEach(async () => {
  await host?.close();
  host = undefined;
  for (const socket of sockets) socket.destroy();
  silent?.close();
  silent = undefined;
  scope.end();
});

async function logOn(terminal: HostTerminal): Promise<void> {
  const { values } = await terminal.show(Logon);
  await terminal.show(values.password === PASSWORD ? Menu : Refused);
}

async function serve(options: Partial<HostOptions> = {}): Promise<number> {
  host = await serveHost({ port: 0, ...options }, logOn, {}, scope);
  return host.port;
}

/** Takes connections and never says a word. */
async function serveSilence(): Promise<number> {
  const server = createServer((socket) => sockets.add(socket)).listen(0, '127.0.0.1');
  silent = server;
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as { port: number }).port;
}

async function probe(
  settings: EndpointProbeInput,
  port: number,
  {
    tls,
    timeoutMs = 5_000,
    password = PASSWORD,
  }: { tls?: { ca: string; server_name: string }; timeoutMs?: number; password?: string } = {},
): Promise<ProbeResult> {
  const target = endpointTarget({ id: 'lpar', host: '127.0.0.1', port, ...(tls === undefined ? {} : { tls }) });
  const endpoint = { id: 'lpar', target, weight: 1, priority: 0, limits: {}, logons: null };
  using deadline = scope.child({ timeoutMs });
  const kind = hostProbe(settings, timeoutMs, async () => password);
  if (kind === undefined) throw new Error('no probe');
  return await kind.check(endpoint, deadline);
}

const climbed = ({ steps }: ProbeResult): string[] => steps.map(({ name, ok }) => `${name} ${ok ? 'ok' : 'failed'}`);

describe('the probe of a host', () => {
  it.each([
    ['tcp', ['tcp ok']],
    ['tls', ['tcp ok', 'tls ok']],
    ['telnet', ['tcp ok', 'tls ok', 'telnet ok']],
    ['tn3270', ['tcp ok', 'tls ok', 'telnet ok', 'screen ok']],
  ] as const)('of kind %s climbs so far', async (kind, steps) => {
    const result = await probe({ kind }, await serve());
    expect(result.outcome).toBe('ok');
    expect(climbed(result)).toEqual(steps);
  });

  it('climbs to the top by default, and leaves no session behind', async () => {
    const result = await probe(
      { expect: [{ text: 'LOGON', row: 1 }], reject: [{ text: 'NOT AVAILABLE' }] },
      await serve(),
    );
    expect(climbed(result).at(-1)).toBe('signature ok');
    await expect.poll(() => host?.terminalCount).toBe(0);
  });

  it('says by name which screen it missed', async () => {
    const port = await serve();
    const missing = await probe({ expect: [{ text: 'WELCOME', row: 1, column: 2 }] }, port);
    expect(missing).toMatchObject({ outcome: 'failed', error: { code: 'PROBE_SCREEN_UNEXPECTED' } });
    expect(missing.error?.message).toContain('WELCOME');
    expect(await probe({ reject: [{ text: 'LOGON' }] }, port)).toMatchObject({ outcome: 'failed' });
  });

  it('does a transaction with a secret, and fails with the step where the host goes elsewhere', async () => {
    const port = await serve();
    const settings = { transaction: TRANSACTION };
    expect(climbed(await probe(settings, port)).at(-1)).toBe('transaction ok');
    const refused = await probe({ transaction: { ...TRANSACTION, timeout_ms: 500 } }, port, { password: 'WRONG' });
    expect(refused).toMatchObject({ outcome: 'failed', error: { code: 'NAVIGATION_FAILED' } });
    expect(JSON.stringify(refused)).not.toContain('WRONG');
  });

  it('refuses a script that is none', () => {
    expect(() => hostProbe({ transaction: { steps: [] } }, 1_000, async () => '')).toThrow(
      expect.objectContaining({ code: 'NAVIGATION_INVALID' }),
    );
  });

  it('stops at TCP when nobody listens', async () => {
    const port = await serve();
    await host?.close();
    const result = await probe({}, port);
    expect(climbed(result)).toEqual(['tcp failed']);
    expect(result.error?.code).toBe('CONNECT_REFUSED');
  });

  it('stops at TLS when the certificate is not trusted', async () => {
    const port = await serve({ tls: createCertificateAuthority().issue() });
    const tls = { ca: createCertificateAuthority().cert, server_name: 'localhost' };
    const result = await probe({}, port, { tls });
    expect(climbed(result)).toEqual(['tcp ok', 'tls failed']);
    expect(result.error?.code).toBe('TLS_UNTRUSTED');
  });

  it('stops at telnet when the host takes the connection and says nothing', async () => {
    const result = await probe({}, await serveSilence(), { timeoutMs: 300 });
    expect(result.outcome).toBe('failed');
    expect(climbed(result)).toEqual(['tcp ok', 'tls ok', 'telnet failed']);
  });
});
