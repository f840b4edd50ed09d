import { existsSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer, type NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { isInstalled } from '@roundhouse/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { SocketSpec } from '../spec/spec.ts';
import type { Keeper, Launch } from './contract.ts';
import { Bed, exitOf, kill } from './host.fixture.ts';

const WEB = { worker: 'web', number: 0 };
const NOBODY = { uid: 65_534, gid: 65_534, name: 'nobody' };
const isRoot = process.geteuid?.() === 0;

/** Takes its sockets as sd_listen_fds(3) has it, and tells each who connects its name and all that it has open. */
const PYTHON = [
  'python3',
  '-c',
  `
import os, selectors, socket
assert int(os.environ['LISTEN_PID']) == os.getpid()
names = os.environ['LISTEN_FDNAMES'].split(':')
assert len(names) == int(os.environ['LISTEN_FDS'])
# Higher ones are of whoever has started the test.
opened = [n for n in range(128) if os.path.exists(f'/proc/self/fd/{n}')]
ready = selectors.DefaultSelector()
for at, name in enumerate(names):
    listener = socket.fromfd(3 + at, socket.AF_INET, socket.SOCK_STREAM)
    assert os.get_blocking(3 + at)
    ready.register(listener, selectors.EVENT_READ, name)
while True:
    for key, _ in ready.select():
        connection, _ = key.fileobj.accept()
        connection.sendall(f'{key.data} {os.getpid()} {opened} {os.environ.get("PERL5OPT")}'.encode())
        connection.close()
`,
] as const;
const NODE = [
  process.execPath,
  '-e',
  "require('net').createServer((socket) => socket.end(process.env.LISTEN_FDNAMES + ' ' + process.pid)).listen({ fd: 3 })",
] as const;

const beds: Bed[] = [];

async function makeBed(): Promise<Bed> {
  const bed = await Bed.make();
  beds.push(bed);
  return bed;
}

afterEach(async () => {
  for (const bed of beds.splice(0)) await bed.end();
});

async function portOf(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a program answers, which may begin later. */
function answerOf(place: NetConnectOpts): Promise<string> {
  return text(connect(place));
}

/** Resolves once the connection waits to be taken; gives what is answered. */
async function queued(place: NetConnectOpts): Promise<{ readonly answer: Promise<string> }> {
  const socket = connect(place);
  const answer = text(socket);
  answer.catch(() => {});
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return { answer };
}

async function killed(keeper: Keeper): Promise<void> {
  const ended = exitOf(keeper);
  kill(keeper.run?.process.pid as number);
  await ended;
}

describe.skipIf(!isInstalled('python3') || !existsSync('/usr/bin/perl'))('the sockets of a program', () => {
  it.each([
    ['Python', PYTHON],
    ['Node', NODE],
  ])('are open while none runs: whoever connects then is served by the next (%s)', async (_, command) => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const port = await portOf();
    const launch = bed.launch(command, { sockets: [{ name: 'http', host: '127.0.0.1', port }] });
    let served = 0;
    for (let generation = 1; generation <= 10; generation += 1) {
      const waiting = await Promise.all(
        Array.from({ length: generation === 1 ? 0 : 5 }, () => queued({ host: '127.0.0.1', port })),
      );
      const { process: leader } = await keeper.start(generation, launch, bed.scope);
      const answers = await Promise.all([...waiting.map(({ answer }) => answer), answerOf({ port })]);
      for (const each of answers) expect(each).toMatch(new RegExp(`^http ${leader.pid}\\b`));
      served += answers.length;
      await killed(keeper);
    }
    expect(served).toBe(9 * 5 + 10);
    expect(bed.shims()).toHaveLength(1);
  });

  it('outlive the supervisor, and the next one goes on with them', async () => {
    const bed = await makeBed();
    const port = await portOf();
    const changes: Partial<Launch> = {
      command: PYTHON,
      sockets: [{ name: 'http', host: '127.0.0.1', port }],
    };
    const master = await bed.master(1, { changes });
    const [pid] = await master.pids;
    expect(await answerOf({ port })).toMatch(new RegExp(`^http ${pid} `));
    await master.kill();
    expect(await answerOf({ port })).toMatch(new RegExp(`^http ${pid} `));
    kill(pid as number);
    const { answer } = await queued({ port });
    const { host } = await bed.open();
    const shims = bed.shims();
    const run = await host.keeper(WEB).start(2, bed.launch(PYTHON, changes), bed.scope);
    expect(await answer).toMatch(new RegExp(`^http ${run.process.pid} `));
    expect(bed.shims()).toEqual(shims);
  });

  it('are passed in their order with their names, blocking, and nothing else is open', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const [port, port6] = [await portOf(), await portOf('::1')];
    const path = join(bed.directory, 'web.sock');
    const many = Array.from({ length: 5 }, (_, at) => ({ name: `u${at}`, path: join(bed.directory, `u${at}`) }));
    const sockets: readonly SocketSpec[] = [
      { name: 'v4', host: '127.0.0.1', port },
      { name: 'v6', host: '::1', port: port6 },
      { name: 'unix', path },
      ...many,
    ];
    const environment = { PATH: '/usr/bin:/bin', PERL5OPT: '-Mno::such' };
    const changes = { sockets, umask: 0o077, environment, ...(isRoot && { user: NOBODY, hasNoNewPrivileges: true }) };
    const { process: leader } = await host.keeper(WEB).start(1, bed.launch(PYTHON, changes), bed.scope);
    const rest = `${leader.pid} [${[0, 1, 2, ...sockets.map((_, at) => at + 3)].join(', ')}] -Mno::such`;
    expect(await answerOf({ port })).toBe(`v4 ${rest}`);
    expect(await answerOf({ host: '::1', port: port6 })).toBe(`v6 ${rest}`);
    expect(await answerOf({ path })).toBe(`unix ${rest}`);
    for (const each of many) expect(await answerOf(each)).toBe(`${each.name} ${rest}`);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  it('are blocking again for the program after one that has made them otherwise', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const port = await portOf();
    const sockets = [{ name: 'http', host: '127.0.0.1', port }];
    await keeper.start(1, bed.launch(NODE, { sockets }), bed.scope);
    await answerOf({ port });
    await killed(keeper);
    await keeper.start(2, bed.launch(PYTHON, { sockets }), bed.scope);
    expect(await answerOf({ port })).toMatch(/^http /);
  });

  it('are others from the next start on, and none for a program that wants none', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const [first, second] = [await portOf(), await portOf()];
    const at = (port: number): readonly SocketSpec[] => [{ name: 'http', host: '127.0.0.1', port }];
    await keeper.start(1, bed.launch(PYTHON, { sockets: at(first) }), bed.scope);
    await killed(keeper);
    await keeper.start(2, bed.launch(PYTHON, { sockets: [...at(second), ...at(first)] }), bed.scope);
    expect(await answerOf({ port: first })).toMatch(/^http /);
    expect(await answerOf({ port: second })).toMatch(/^http /);
    expect(bed.shims()).toHaveLength(1);
    await killed(keeper);
    const script = ['/bin/sh', '-c', 'env | grep -c LISTEN_; ls /proc/self/fd | wc -l; exec sleep 1000'] as const;
    const logFiles = { stdout: join(bed.directory, 'out.log'), stderr: '/dev/null' };
    await keeper.start(3, bed.launch(script, { logFiles }), bed.scope);
    await bed.until(() => statSync(logFiles.stdout).size >= 4);
    await expect(queued({ port: first })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(readdirSync(join(bed.run, 'workers/web/0')).filter((name) => name.startsWith('sockets'))).toEqual([]);
  });

  it('that a supervisor has left are others for the next, when it wants others', async () => {
    const bed = await makeBed();
    const first = await bed.open();
    const [port, other] = [await portOf(), await portOf()];
    const keeper = first.host.keeper(WEB);
    await keeper.start(1, bed.launch(PYTHON, { sockets: [{ name: 'a', host: '127.0.0.1', port }] }), bed.scope);
    await killed(keeper);
    await first.host[Symbol.asyncDispose]();
    const { host } = await bed.open();
    const sockets = [{ name: 'b', host: '127.0.0.1', port: other }];
    await host.keeper(WEB).start(2, bed.launch(PYTHON, { sockets }), bed.scope);
    expect(await answerOf({ port: other })).toMatch(/^b /);
    await expect(queued({ port })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(bed.shims()).toHaveLength(1);
  });

  it('take the place of a socket that nobody listens at any more', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const path = join(bed.directory, 'web.sock');
    const keeper = host.keeper(WEB);
    await keeper.start(1, bed.launch(PYTHON, { sockets: [{ name: 'a', path }] }), bed.scope);
    for (const shim of bed.shims()) kill(shim);
    await killed(keeper);
    expect(existsSync(path)).toBe(true);
    await keeper.start(2, bed.launch(PYTHON, { sockets: [{ name: 'b', path }] }), bed.scope);
    expect(await answerOf({ path })).toMatch(/^b /);
  });
});

describe.skipIf(!existsSync('/usr/bin/perl'))('a socket that cannot be', () => {
  const REFUSED: readonly (readonly [reason: string, socket: (bed: Bed, port: number) => SocketSpec])[] = [
    ['127.0.0.1:PORT is in use already', (_, port) => ({ name: 'a', host: '127.0.0.1', port })],
    ['192.0.2.1:PORT is no address of this machine', (_, port) => ({ name: 'a', host: '192.0.2.1', port })],
    ['there is no address no-such.invalid: ', (_, port) => ({ name: 'a', host: 'no-such.invalid', port })],
    ['there is no directory for /no/such/web.sock', () => ({ name: 'a', path: '/no/such/web.sock' })],
    ['is in use already', ({ directory }) => ({ name: 'a', path: directory })],
    ['is longer than 107 bytes', () => ({ name: 'a', path: `/${'x'.repeat(107)}` })],
  ];

  it.each(REFUSED)('is told: %s', async (reason, socketOf) => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const keeper = host.keeper(WEB);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as { port: number };
      const launch = bed.launch(['sleep', '1000'], { sockets: [socketOf(bed, port)] });
      for (let times = 0; times < 2; times += 1) {
        await expect(keeper.start(1, launch, bed.scope)).rejects.toMatchObject({
          code: 'WORKER_START_FAILED',
          retryable: true,
          details: {
            worker: 'web',
            stage: 'socket',
            reason: expect.stringContaining(reason.replace('PORT', String(port))) as string,
          },
        });
      }
      expect(bed.programs()).toEqual([]);
      expect(bed.shims()).toEqual([]);
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
    // The generation may be tried again.
    await expect(keeper.start(1, bed.sleeper, bed.scope)).resolves.toMatchObject({ generation: 1 });
  });

  it.runIf(isRoot)('is told to whoever may not have it', async () => {
    const bed = await makeBed();
    const changes: Partial<Launch> = { sockets: [{ name: 'a', path: '/web.sock' }] };
    const master = await bed.master(1, { user: NOBODY, changes });
    await expect(master.pids).rejects.toThrow('this user may not listen at /web.sock');
    expect(existsSync('/web.sock')).toBe(false);
  });

  it('is not mixed up with a program that cannot be', async () => {
    const bed = await makeBed();
    const { host } = await bed.open();
    const sockets = [{ name: 'a', path: join(bed.directory, 'a') }];
    for (const [command, reason] of [
      ['/no/such', 'there is no program /no/such'],
      ['/etc/passwd', '/etc/passwd may not be executed'],
    ] as const) {
      await expect(host.keeper(WEB).start(1, bed.launch([command], { sockets }), bed.scope)).rejects.toMatchObject({
        details: { stage: 'program', reason: expect.stringContaining(reason) as string },
      });
    }
  });
});
