import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { createScope } from '@roundhouse/core';
import type { FrontDoorOptions } from '@roundhouse/sessions';
import { createCertificateAuthority, openS3270, type S3270, s3270Available } from '@roundhouse/testing';
import { openSession } from '@roundhouse/tn3270';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from './event/record.ts';
import { silentLog } from './log/silentLog.fixture.ts';
import { createServer, type Server } from './server.ts';

const HOST_PROGRAM = fileURLToPath(new URL('./demo/demoHostProcess.ts', import.meta.url));
const LONG = { timeout: 120_000 };

interface HostProcess extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  readonly child: ChildProcess;
}

async function startHost(name: string): Promise<HostProcess> {
  const child = fork(HOST_PROGRAM, ['0', name], {
    execArgv: ['--conditions=source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  return {
    name,
    port,
    child,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

interface Door extends AsyncDisposable {
  readonly server: Server;
  readonly port: number;
}

async function openDoor(
  hosts: readonly HostProcess[],
  options: Partial<FrontDoorOptions>,
  groups = ['bank'],
): Promise<Door> {
  const server = await createServer(
    { port: 0, token: 'x'.repeat(32), version: 'test', frontDoor: { port: 0, ...options } },
    { openSession, log: silentLog() },
  );
  for (const group of groups) {
    server.gateway.directory.setGroup({ id: group });
    for (const { name, port } of hosts) {
      server.gateway.directory.setEndpoint({
        id: groups.length === 1 ? name : `${group}-${name}`,
        host: '127.0.0.1',
        port,
        group,
        probe: { interval_ms: 500, timeout_ms: 500, fall: 2 },
      });
    }
  }
  const { frontPort } = await server.start();
  return { server, port: frontPort as number, [Symbol.asyncDispose]: () => server.stop() };
}

async function connect(port: number, { model = '3279-2', prefix = '', lu = '' } = {}): Promise<S3270> {
  const emulator = await openS3270({ args: ['-model', model, '-noverifycert'] });
  await emulator.run(`Connect("${prefix}${lu === '' ? '' : `${lu}@`}127.0.0.1:${port}")`);
  await emulator.run('Wait(10,InputField)');
  return emulator;
}

async function textOf(emulator: S3270): Promise<string> {
  return (await emulator.run('Ascii()')).join('\n');
}

async function logOn(emulator: S3270): Promise<void> {
  await emulator.run('String("JOE")');
  await emulator.run('Tab()');
  await emulator.run('String("DEMO")');
  await emulator.run('Enter()');
  await emulator.run('Wait(10,Unlock)');
}

/** The logon screen shows the LU of each connection; from the menu on nothing is its own. */
describe.skipIf(!s3270Available())('the front door', () => {
  const authority = createCertificateAuthority();
  const tls = authority.issue();
  let hosts: HostProcess[] = [];

  beforeAll(async () => {
    hosts = await Promise.all(['HOSTA', 'HOSTB', 'HOSTC'].map(startHost));
  });

  afterAll(async () => {
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()));
  });

  const ways = [
    ['TN3270E', '', {}],
    ['classic TN3270', 'N:', {}],
    ['TN3270E over TLS', 'L:', { tls }],
    ['TN3270E over STARTTLS', '', { startTls: tls }],
  ] as const;
  const table = ways.flatMap((way) =>
    ['3278-2', '3279-3', '3279-4', '3279-5'].map((model) => [...way, model] as const),
  );

  it.each(table)(
    'shows by %s (prefix "%s") what the host shows directly: %o on a %s',
    LONG,
    async (_, prefix, options, model) => {
      const [host] = hosts as [HostProcess];
      await using door = await openDoor([host], { group: 'bank', ...options });
      await using through = await connect(door.port, { model, prefix });
      await using direct = await connect(host.port, { model });
      for (const keys of [[], ['String("4")', 'Enter()'], ['PF(3)'], ['String("3")', 'Enter()'], ['PF(8)']]) {
        if (keys.length === 0) await Promise.all([logOn(through), logOn(direct)]);
        for (const each of keys) await Promise.all([through.run(each), direct.run(each)]);
        await Promise.all([through.run('Wait(10,Unlock)'), direct.run('Wait(10,Unlock)')]);
        expect(await through.readBufferEbcdic()).toEqual(await direct.readBufferEbcdic());
        expect([through.status?.cursorRow, through.status?.cursorColumn]).toEqual([
          direct.status?.cursorRow,
          direct.status?.cursorColumn,
        ]);
      }
    },
  );

  it(
    'keeps twenty emulators, beside two hundred sessions by the API, when a host is killed, and tells them',
    LONG,
    async () => {
      await using victim = await startHost('VICTIM');
      await using door = await openDoor([...hosts, victim], { group: 'bank' });
      const { sessions, directory, operations } = door.server.gateway;
      await using parts = new AsyncDisposableStack();
      const emulators: S3270[] = [];
      for (let n = 0; n < 20; n++) emulators.push(parts.use(await connect(door.port)));
      using scope = createScope({ timeoutMs: 60_000 });
      const others = await Promise.all(
        Array.from({ length: 200 }, () => door.server.gateway.create({ group: 'bank' }, scope)),
      );
      const before = directory.endpointResource('VICTIM').active_sessions;
      expect(before).toBeGreaterThan(0);
      victim.child.kill('SIGKILL');
      await expect
        .poll(
          () =>
            [...sessions.live()].filter((entry) => entry.line !== undefined && entry.target?.endpoint !== 'VICTIM')
              .length,
          {
            timeout: 10_000,
          },
        )
        .toBe(220);
      expect(directory.endpointResource('VICTIM').active_sessions).toBe(0);
      const moved = operations.list(300, Infinity).items.filter(({ kind }) => kind === 'failover');
      expect(moved).toHaveLength(before);
      let told = 0;
      for (const emulator of emulators) {
        if ((await textOf(emulator)).includes('another one now')) {
          told++;
          await emulator.run('Enter()');
          await emulator.run('Wait(10,InputField)');
        }
        expect(await textOf(emulator)).toMatch(/LOGON .* HOST[ABC]/);
        await logOn(emulator);
        expect(await textOf(emulator)).toContain('MAIN MENU');
      }
      const atTerminals =
        before - others.filter((entry) => moved.some(({ sessionId }) => sessionId === entry.id)).length;
      expect(told).toBe(atTerminals);
    },
  );

  it('ends the session of a terminal that leaves, and of one that logs off', LONG, async () => {
    await using door = await openDoor(hosts, { group: 'bank' });
    const { sessions } = door.server.gateway;
    const leaving = await connect(door.port);
    await using leaver = await connect(door.port);
    expect(sessions.size).toBe(2);
    await leaving.close();
    await logOn(leaver);
    await leaver.run('PF(3)');
    await expect.poll(() => sessions.size, { timeout: 5_000 }).toBe(0);
  });

  it('lets the person choose a group where nothing decides', LONG, async () => {
    await using door = await openDoor(hosts, {}, ['payroll', 'stock']);
    await using emulator = await connect(door.port);
    expect(await textOf(emulator)).toMatch(/1 {2}payroll[\s\S]*2 {2}stock/);
    await emulator.run('String("9")');
    await emulator.run('Enter()');
    await emulator.run('Wait(10,Unlock)');
    expect(await textOf(emulator)).toContain('Type a number from 1 to 2');
    await emulator.run('String("2")');
    await emulator.run('Enter()');
    await emulator.run('Wait(10,InputField)');
    await expect.poll(() => textOf(emulator), { timeout: 5_000 }).toContain('LOGON');
    const [entry] = [...door.server.gateway.sessions.live()];
    expect(entry?.group).toBe('stock');
  });

  it('goes by the LU asked for, and asks the host for one that stands for no group', LONG, async () => {
    const options = { group: 'payroll', groupsByLu: { STOCKLU: 'stock' } };
    await using door = await openDoor(hosts, options, ['payroll', 'stock']);
    await using mapped = await connect(door.port, { lu: 'stocklu' });
    await using named = await connect(door.port, { lu: 'DEMO0003' });
    const entries = [...door.server.gateway.sessions.live()].map((entry) => [entry.group, entry.resource().lu]);
    expect(entries).toEqual([
      ['stock', expect.stringMatching(/^DGEN/)],
      ['payroll', 'DEMO0003'],
    ]);
    expect(await textOf(mapped)).toContain('LOGON');
    expect(await textOf(named)).toContain('LOGON');
  });

  it('gives a terminal the session that its ticket is for, once, and leaves it there', LONG, async () => {
    await using door = await openDoor(hosts, { group: 'bank' });
    using scope = createScope({ timeoutMs: 20_000 });
    const { gateway } = door.server;
    const entry = await gateway.create({ group: 'bank', model: '3279-2-E' }, scope);
    await entry.input(
      {
        actions: [
          { type: 'text', text: 'JOE' },
          { type: 'key', key: 'Tab' },
          { type: 'text', text: 'DEMO' },
          { type: 'key', key: 'Enter' },
        ],
      },
      scope,
    );
    gateway.suspend(entry.id, {});
    const { lu } = gateway.issueTicket(entry.id);
    const emulator = await connect(door.port, { lu });
    expect(await textOf(emulator)).toContain('MAIN MENU');
    expect([emulator.status?.cursorRow, emulator.status?.cursorColumn]).toEqual([13, 22]);
    await emulator.run('String("1")');
    await emulator.run('Enter()');
    await emulator.run('Wait(10,Unlock)');
    expect(await textOf(emulator)).toContain('ENTER=SEARCH');
    await emulator.close();
    await expect.poll(() => entry.screen('text').body).toContain('ENTER=SEARCH');
    expect(gateway.sessions.size).toBe(1);
    const answer = await entry.input({ actions: [{ type: 'key', key: 'PF3' }] }, scope);
    expect(answer).toContain('MAIN MENU');
    // The ticket is void now: the name is asked of a host, which does not know it.
    await using late = await openS3270({ args: ['-model', '3279-2'] });
    await late.run(`Connect("${lu}@127.0.0.1:${door.port}")`);
    await expect.poll(() => textOf(late), { timeout: 15_000 }).toContain('No session could be opened');
  });

  it('goes by the server name of TLS', LONG, async () => {
    const options = { group: 'payroll', groupsByServerName: { localhost: 'stock' }, tls };
    await using door = await openDoor(hosts, options, ['payroll', 'stock']);
    using scope = createScope({ timeoutMs: 10_000 });
    const trust = { ca: authority.cert, serverName: 'localhost' };
    await using session = await openSession(
      { host: '127.0.0.1', port: door.port, model: '3279-2-E', tls: trust },
      scope,
    );
    await session.waitFor({ for: 'text', text: 'FIRST ROUNDHOUSE BANK' }, scope);
    expect([...door.server.gateway.sessions.live()].map((entry) => entry.group)).toEqual(['stock']);
  });

  it('says why there is no session, and with which code', LONG, async () => {
    await using door = await openDoor([], { group: 'bank' });
    await using emulator = await openS3270({ args: ['-model', '3279-2'] });
    await emulator.run(`Connect("127.0.0.1:${door.port}")`);
    await expect
      .poll(() => textOf(emulator), { timeout: 15_000 })
      .toMatch(/No session could be opened[\s\S]*Code NO_ENDPOINT/);
  });

  it('logs off who does nothing, and tells them', LONG, async () => {
    await using door = await openDoor(hosts, { group: 'bank', idleTimeoutMs: 5_000 });
    const told: JournalEvent[] = [];
    door.server.journal.watch((event) => void told.push(event));
    await using emulator = await connect(door.port);
    await expect.poll(() => door.server.gateway.sessions.size, { timeout: 20_000 }).toBe(0);
    await expect.poll(() => emulator.run('Query(ConnectionState)'), { timeout: 5_000 }).toEqual(['not-connected']);
    expect(await textOf(emulator)).toMatch(/You have been logged off[\s\S]*Code TERMINAL_IDLE/);
    const [logOff] = told.filter(({ type }) => type === 'roundhouse.terminal.logged_off');
    expect(logOff?.data).toMatchObject({ address: '127.0.0.1', idle_ms: 5_000, code: 'TERMINAL_IDLE' });
  });

  it('lets in so many of one address', LONG, async () => {
    await using door = await openDoor(hosts, { group: 'bank', maxPerAddress: 1 });
    await using first = await connect(door.port);
    await using second = await openS3270({ args: ['-model', '3279-2'] });
    await second.run(`Connect("127.0.0.1:${door.port}")`);
    await expect.poll(() => textOf(second), { timeout: 5_000 }).toContain('Code ADDRESS_LIMIT_REACHED');
    expect(await textOf(first)).toContain('LOGON');
  });
});
