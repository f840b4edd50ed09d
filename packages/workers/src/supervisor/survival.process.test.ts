import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CgroupHierarchy } from '../cgroup/contract.ts';
import { findCgroups, removeCgroups } from '../cgroup/hierarchy.ts';
import { kernelFiles } from '../limits/kernelFiles.ts';
import type { WorkerStatus } from './contract.ts';
import { tagOf } from './create.ts';

const ROUNDS = 50;
const KINDS = ['sh', 'python', 'node', 'forking'] as const;
const WORKERS = 20;

/** Answers HTTP with its pid, ends with the code that `/exit?code=` names. */
const PYTHON_SERVER = `
import http.server, os, sys, threading
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith('/exit'):
            os._exit(int(self.path.split('=')[1]))
        self.send_response(200); self.end_headers(); self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer.allow_reuse_address = True
server = http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), Answer)
`;
const PYTHON_LINES = `
import time
n = 0
while True:
    sys.stdout.write('line %d\\n' % n); sys.stdout.flush(); n += 1; time.sleep(0.01)
`;
const PROGRAMS: Record<(typeof KINDS)[number], readonly string[]> = {
  // The server is its child; it ends with the code of that. Each pause is a process more: not as many as of the others.
  sh: [
    '/bin/sh',
    '-c',
    `python3 -c "$SERVER" & n=0; while kill -0 $! 2>/dev/null; do echo "line $n"; n=$((n+1)); sleep 0.05; done; wait $!`,
  ],
  python: [
    'python3',
    '-c',
    `${PYTHON_SERVER}threading.Thread(target=server.serve_forever, daemon=True).start()\n${PYTHON_LINES}`,
  ],
  node: [
    process.execPath,
    '-e',
    `let n = 0; setInterval(() => process.stdout.write('line ' + n++ + '\\n'), 10);
     require('http').createServer((q, a) => { const code = /code=(\\d+)/.exec(q.url); if (code) process.exit(+code[1]); a.end(String(process.pid)); }).listen(+process.env.PORT, '127.0.0.1')`,
  ],
  // A child in a session of its own, which would outlive it.
  forking: [
    'python3',
    '-c',
    `${PYTHON_SERVER}threading.Thread(target=server.serve_forever, daemon=True).start()
if os.fork() == 0:
    os.setsid(); sys.stdout = open(os.devnull, 'w')
    while True: __import__('time').sleep(60)
${PYTHON_LINES}`,
  ],
};

class Master {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;

  constructor(home: string, file: string) {
    const fixture = fileURLToPath(new URL('master.fixture.ts', import.meta.url));
    this.#child = spawn(process.execPath, ['--conditions=source', fixture, home, file], { stdio: 'pipe' });
    this.#ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stderr.on('data', (text: Buffer) => process.stderr.write(text));
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async ask(verb: string): Promise<string> {
    this.#child.stdin.write(`${verb}\n`);
    const { value } = await this.#lines.next();
    return value as string;
  }

  async status(): Promise<readonly WorkerStatus[]> {
    return JSON.parse(await this.ask('status')) as WorkerStatus[];
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async ended(): Promise<void> {
    await this.#ended;
  }
}

const random = (below: number): number => Math.floor(Math.random() * below);

interface SurvivalProcess {
  readonly pid: number;
  /** Title and command line. */
  readonly command: string;
  readonly worker: string | undefined;
}

/** Those of this home, and no others: they carry it in their environment or among their arguments. */
function processesOf(home: string): readonly SurvivalProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'latin1').split('\0');
      const title = readFileSync(`/proc/${name}/comm`, 'latin1').trim();
      const command = `${title} ${readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ')}`;
      if (!environment.includes(`SURVIVAL=${home}`) && !command.includes(home)) return [];
      const worker = environment.find((each) => each.startsWith('ROUNDHOUSE_WORKER='))?.split('=')[1];
      return [{ pid: Number(name), command, worker }];
    } catch {
      return [];
    }
  });
}

/** Below those that the system gives to connections, which probes make many of. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const port = 20_000 + random(10_000);
    const server = createServer();
    server.once('error', () => resolve(freePort()));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(port)));
  });
}

function textOf(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (answer) => {
      text(answer).then(resolve, reject);
    }).on('error', reject);
  });
}

/** All that an instance has written to stdout, rotated files included. */
function outputOf(home: string, worker: string): string {
  const directory = join(home, 'logs', worker, '0');
  const files = readdirSync(directory)
    .filter((name) => name.startsWith('stdout') && /\.(log|gz)$/.test(name))
    .toSorted((a, b) => Number(a === 'stdout.log') - Number(b === 'stdout.log') || a.localeCompare(b));
  return files
    .map((name) => {
      const bytes = readFileSync(join(directory, name));
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1');
    })
    .join('');
}

describe('killed with -9, whichever part it is', () => {
  let home = '';
  let file = '';
  const ports = new Map<string, number>();
  let master: Master;
  let hierarchy: CgroupHierarchy;

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'rh-survival-'));
    file = join(home, 'workers.json');
    const workers = [];
    for (let n = 0; n < WORKERS; n++) {
      const port = await freePort();
      const id = `w${n}`;
      ports.set(id, port);
      workers.push({
        id,
        command: PROGRAMS[KINDS[n % KINDS.length] ?? 'sh'],
        working_directory: '/',
        environment: { SURVIVAL: home, PORT: String(port), SERVER: `${PYTHON_SERVER}server.serve_forever()` },
        restart: { backoff: { initial: '0s' } },
        // What left its group is told nothing, and waited for as long as that.
        stop: { grace: '1s' },
        // Up to which a master that took it over waits with its first look.
        probes: { readiness: { tcp: { port }, period: '200ms' } },
      });
    }
    writeFileSync(file, JSON.stringify(workers));
    hierarchy = await findCgroups(tagOf(join(home, 'run')));
    master = new Master(home, file);
  });

  afterAll(async () => {
    await master.ask('stop').catch(() => {});
    await master.ended();
    for (; processesOf(home).length > 0; await sleep(20)) {
      for (const { pid } of processesOf(home)) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
    }
    while (!(await removeCgroups(hierarchy, kernelFiles))) await sleep(20);
    rmSync(home, { recursive: true, force: true });
  });

  async function allReady(): Promise<readonly WorkerStatus[]> {
    for (const until = Date.now() + 30_000; ; await sleep(20)) {
      const statuses = await master.status();
      if (statuses.length === WORKERS && statuses.every(({ state }) => state === 'ready')) return statuses;
      if (Date.now() > until) {
        throw new Error(`not ready: ${JSON.stringify(statuses.filter(({ state }) => state !== 'ready'))}`);
      }
    }
  }

  const pidOf = (statuses: readonly WorkerStatus[], id: string) =>
    statuses.find(({ spec }) => spec.id === id)?.instances[0]?.process?.pid;

  const partOf = (script: string): readonly number[] =>
    processesOf(home)
      .filter(({ command }) => command.includes(script) && command.includes(join(home, 'run')))
      .map(({ pid }) => pid);

  /** With the keeper of the log daemon, and without shims, which are forks of it. */
  const spawners = (): readonly number[] => [...partOf('rh-spawner'), ...partOf('rh-log-keeper')];

  it(`every worker goes on, once, ${ROUNDS} times`, async () => {
    let before = await allReady();
    const restarts = new Map<string, number>();
    let daemonKills = 0;
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(random(150));
      const what = (['master', 'spawner', 'daemon', 'all'] as const)[random(4)] ?? 'all';
      const isMasterHit = what === 'master' || what === 'all';
      if (isMasterHit) await master.kill();
      if (what === 'spawner' || what === 'all') for (const pid of spawners()) process.kill(pid, 'SIGKILL');
      if (what === 'daemon' || what === 'all') {
        daemonKills++;
        for (const pid of partOf('daemon/main')) process.kill(pid, 'SIGKILL');
      }
      // Some end while nobody looks.
      const ended = new Map<string, number>();
      if (isMasterHit && random(2) === 0) {
        const id = `w${random(WORKERS)}`;
        const code = 1 + random(100);
        await textOf(`http://127.0.0.1:${ports.get(id)}/exit?code=${code}`).catch(() => {});
        ended.set(id, code);
        restarts.set(id, (restarts.get(id) ?? 0) + 1);
      }
      if (isMasterHit) master = new Master(home, file);
      const after = await allReady();
      const told = `round ${round}, ${what}`;
      for (const { spec, instances } of after) {
        const { id } = spec;
        const [instance] = instances;
        const code = ended.get(id);
        if (code === undefined) expect(pidOf(after, id), `${told}: ${id}`).toBe(pidOf(before, id));
        else {
          expect(pidOf(after, id), `${told}: ${id}`).not.toBe(pidOf(before, id));
          expect(instance?.lastExit?.code, `${told}: ${id}`).toBe(code);
        }
        expect(instance?.restarts, `${told}: ${id}`).toBe(restarts.get(id) ?? 0);
      }
      before = after;
    }
    // Nothing is there twice: as many processes of each worker as its kind has.
    const byWorker = Map.groupBy(processesOf(home), ({ worker }) => worker);
    for (const [n, { spec, instances }] of before.entries()) {
      const kind = KINDS[n % KINDS.length];
      const own = (byWorker.get(spec.id) ?? []).filter(({ command }) => !command.startsWith('sleep'));
      expect(own.length, `${spec.id}: ${own.map(({ command }) => command.slice(0, 60)).join(' | ')}`).toBe(
        kind === 'sh' || kind === 'forking' ? 2 : 1,
      );
      const pid = Number(await textOf(`http://127.0.0.1:${ports.get(spec.id)}/`));
      if (kind !== 'sh') expect(pid).toBe(instances[0]?.process?.pid);
    }

    await master.ask('stop');
    await master.ended();
    // Lines are all there, but for what the daemon had read and not yet written when it was killed.
    const gaps: string[] = [];
    for (let n = 0; n < WORKERS; n++) {
      const numbers = outputOf(home, `w${n}`)
        .split('\n')
        .flatMap((line) => /^line (\d+)$/.exec(line)?.[1] ?? [])
        .map(Number);
      expect(numbers.length, `w${n}`).toBeGreaterThan(100);
      numbers.forEach((number, at) => {
        const before = numbers[at - 1] ?? -1;
        // Each life counts from 0.
        if (number !== 0 && number !== before + 1) gaps.push(`w${n}: ${number} after ${before}`);
      });
    }
    // One read of one stream, at most, each time.
    expect(gaps.length, `${daemonKills} kills of the log daemon: ${gaps.join(', ')}`).toBeLessThanOrEqual(daemonKills);
    expect(processesOf(home).filter(({ worker }) => worker !== undefined)).toEqual([]);
    const groups = [...hierarchy.legacy.values(), hierarchy.unified?.directory];
    expect(groups.filter((each) => each !== undefined && existsSync(each))).toEqual([]);
    // Nor is anything of what has held them.
    const held = () => processesOf(home).filter(({ command }) => command.includes(join(home, 'run')));
    await expect.poll(held, { timeout: 10_000 }).toEqual([]);
    master = new Master(home, file);
    await master.ask('status');
  }, 300_000);
});
