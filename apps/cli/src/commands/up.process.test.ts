import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Client, createClient, type EventRecord } from '@roundhouse/api';
import { startDemoHost } from '@roundhouse/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../exit.ts';

const BIN = fileURLToPath(new URL('../../bin/roundhouse.js', import.meta.url));
const PAGE = fileURLToPath(new URL('../../../../examples/roundhouse.yaml', import.meta.url));
const KEY = `rh_nightly_${'k'.repeat(43)}`;
const ENDPOINTS = ['ZOS_EAST', 'ZOS_WEST', 'ZOS_RECOVERY', 'ZOS_TEST'];

type Host = Awaited<ReturnType<typeof startDemoHost>>;
let host: Host;
let folder = '';
let file = '';
let running: Up[] = [];

beforeAll(async () => {
  host = await startDemoHost({ port: 0, name: 'PAGE' });
});
afterAll(() => host.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-up-'));
  file = join(folder, 'roundhouse.yaml');
  await copyFile(PAGE, file);
});
afterEach(async () => {
  await Promise.all(running.map((up) => up.end('SIGKILL')));
  running = [];
  await rm(folder, { recursive: true });
});

/** What the page wants of its environment, on free ports, and all hosts of the page at one that is there. */
function environment(): Record<string, string> {
  const hosts = ENDPOINTS.flatMap((id) => [
    [`ROUNDHOUSE__ENDPOINTS__${id}__HOST`, '127.0.0.1'],
    [`ROUNDHOUSE__ENDPOINTS__${id}__PORT`, String(host.port)],
    [`ROUNDHOUSE__ENDPOINTS__${id}__TLS`, 'false'],
  ]);
  return {
    API_PORT: '0',
    DOOR_PORT: '0',
    AUDIT_HOOK_SECRET: `whsec_${'A'.repeat(43)}=`,
    NIGHTLY_KEY_HASH: createHash('sha256').update(KEY).digest('hex'),
    HELEN_PASSWORD_HASH: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNo',
    ...(Object.fromEntries(hosts) as Record<string, string>),
  };
}

/** `roundhouse up` as a process. */
class Up {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], variables: Readonly<Record<string, string>>) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('ROUNDHOUSE_'));
    const env = { ...Object.fromEntries(inherited), ROUNDHOUSE_HOME: join(folder, 'home'), ...variables };
    this.#child = spawn(process.execPath, [BIN, 'up', ...args], { env });
    this.#child.stdout.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.#child.stderr.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.#exited = once(this.#child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    running.push(this);
  }

  static async start(args: readonly string[], variables: Readonly<Record<string, string>>): Promise<Up> {
    const up = new Up(args, variables);
    const isUp = (): void => expect(up.stdout, up.stderr).toMatch(/^API {4}http/m);
    await Promise.race([vi.waitFor(isUp, { timeout: 20_000, interval: 20 }), up.#exited.then(isUp)]);
    return up;
  }

  get url(): string {
    return /^API {4}(\S+)$/m.exec(this.stdout)?.[1] ?? '';
  }

  get exited(): Promise<readonly [number | null, NodeJS.Signals | null]> {
    return this.#exited;
  }

  async client(): Promise<Client> {
    return createClient({ url: this.url, token: (await readFile(join(folder, 'home', 'token'), 'utf8')).trim() });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<readonly [number | null, NodeJS.Signals | null]> {
    this.#child.kill(signal);
    return await this.#exited;
  }
}

/** The file with one thing in it changed, put in its place at once. */
async function edit(text: string, by: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  if (!before.includes(text)) throw new Error(`the page has no ${text}`);
  await writeFile(`${file}.new`, before.replace(text, by));
  await rename(`${file}.new`, file);
}

async function until(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 20_000, interval: 20 });
}

/** What is told from the start on. */
function follow(client: Client): EventRecord[] {
  const events: EventRecord[] = [];
  void (async () => {
    for await (const event of client.streamEvents({}, { lastEventId: '0' })) events.push(event);
  })().catch(() => {});
  return events;
}

describe('up with the page of the examples', () => {
  it('brings what the page says, and lets in whom it names', async () => {
    const up = await Up.start(['--config', file], environment());
    expect(up.stdout).toMatch(/^Door {3}127\.0\.0\.1:\d+$/m);
    using root = await up.client();
    for (const [kind, ids] of [
      ['endpoint', ['zos-east', 'zos-recovery', 'zos-test', 'zos-west']],
      ['endpoint_group', ['disaster-recovery', 'production', 'test']],
      ['principal', ['helen', 'nightly']],
      ['webhook', ['audit']],
    ] as const) {
      const { items } = await root.listResources(kind, {});
      expect(items.map(({ id, origin }) => `${id} ${origin}`)).toEqual(ids.map((id) => `${id} file`));
    }
    expect((await root.getResource('endpoint', 'zos-west')).weight).toBe(2);
    expect((await root.getResource('endpoint_group', 'production')).affinity.mode).toBe('sticky');
    const { origins, values } = await root.getConfiguration();
    expect(origins['endpoints[zos-east].host']).toBe('environment ROUNDHOUSE__ENDPOINTS__ZOS_EAST__HOST');
    expect(origins['limits.max_sessions']).toMatch(/roundhouse\.yaml:26:17$/);
    expect(JSON.stringify(values)).not.toContain('whsec_');

    using nightly = createClient({ url: up.url, token: KEY });
    const session = await nightly.createSession({ group: 'production' });
    expect((await nightly.getScreen(session.id)).screen_data).toContain('FIRST ROUNDHOUSE BANK');
    await expect(nightly.listResources('endpoint', {})).rejects.toMatchObject({ code: 'FORBIDDEN' });
    using stranger = createClient({ url: up.url, token: `rh_nightly_${'x'.repeat(43)}` });
    await expect(stranger.listSessions({})).rejects.toMatchObject({ status: 401 });
    await expect(root.putResource('endpoint', 'zos-east', { host: 'h', port: 1 })).rejects.toMatchObject({
      code: 'RESOURCE_IN_FILE',
    });
    await nightly.deleteSession(session.id);
    expect(await up.end('SIGTERM')).toEqual([0, null]);
  });

  it.each([
    ['syntax', '\n  - id: zos-test', '\n - id: zos-test', /CONFIG_INDENT/],
    ['a key', 'weight: 2', 'wieght: 2', /did you mean `weight`\?/],
    ['a reference', 'group: test\n', 'group: tests\n', /did you mean `test`\?/],
    ['a contradiction', 'host: 127.0.0.1', 'host: 0.0.0.0', /Say `allow_remote: true`/],
  ])('does nothing when %s is wrong, and ends with 11', async (_what, text, by, advice) => {
    await edit(text, by);
    // Taken by the test: whoever tries to listen there says so.
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    let connections = 0;
    taken.on('connection', () => connections++);
    const ports = Object.fromEntries(ENDPOINTS.map((id) => [`ROUNDHOUSE__ENDPOINTS__${id}__PORT`, String(port)]));
    const up = new Up(['--config', file], { ...environment(), ...ports, API_PORT: String(port) });
    expect(await up.exited).toEqual([EXIT.ConfigInvalid, null]);
    expect(up.stdout).toBe('');
    expect(up.stderr).toMatch(advice);
    expect(up.stderr).not.toMatch(/in use|CONFIG_PORT_TAKEN/);
    expect(connections).toBe(0);
    expect(await readdir(folder)).toEqual(['roundhouse.yaml']);
    await new Promise((resolve) => taken.close(resolve));
  });

  it('reads the file again at SIGHUP, and says what became of it', async () => {
    const up = await Up.start(['--config', file, '--no-watch'], environment());
    using client = await up.client();
    const events = follow(client);
    await edit('weight: 2', 'weight: 7');
    up.signal('SIGHUP');
    await until(async () => expect((await client.getResource('endpoint', 'zos-west')).weight).toBe(7));
    await edit('weight: 7', 'weight: seven');
    up.signal('SIGHUP');
    await until(() => expect(up.stderr).toContain('configuration rejected'));
    expect(up.stderr).toMatch(/"path":"endpoints\[zos-west\]","op":"change","action":"live","fields":\["weight"\]/);
    expect(up.stderr).toMatch(/"code":"CONFIG_TYPE".+roundhouse\.yaml:66:13/);
    expect((await client.getResource('endpoint', 'zos-west')).weight).toBe(7);
    await until(() => {
      const told = events.flatMap(({ type }) => (type.includes('configuration') ? [type.split('.').at(-1)] : []));
      expect(told).toEqual(['reloaded', 'rejected']);
    });
  });

  it('reads it again when it is replaced, and when conf.d gets a file', async () => {
    const up = await Up.start(['--config', file], environment());
    using client = await up.client();
    await edit('weight: 2', 'weight: 5');
    await until(async () => expect((await client.getResource('endpoint', 'zos-west')).weight).toBe(5));
    await mkdir(join(folder, 'conf.d'));
    await writeFile(join(folder, 'conf.d', '10-site.yaml'), 'endpoints: [{ id: zos-west, weight: 6 }]\n');
    await until(async () => expect((await client.getResource('endpoint', 'zos-west')).weight).toBe(6));
    await rm(join(folder, 'conf.d', '10-site.yaml'));
    await until(async () => expect((await client.getResource('endpoint', 'zos-west')).weight).toBe(5));
  });

  it('has everything that it had confirmed after kill -9, secrets too, beside what the file says', async () => {
    const variables = environment();
    let up = await Up.start(['--config', file], variables);
    const before = await up.client();
    const confirmed: string[] = [];
    const busy = Promise.all(
      [0, 1, 2, 3].map(async (lane) => {
        for (let number = 0; ; number++) {
          const id = `hook-${lane}-${number}`;
          await before.createResource('webhook', { id, url: 'https://hook.example.com/', disabled: true });
          confirmed.push(id);
        }
      }),
    ).catch(() => {});
    await until(() => expect(confirmed.length).toBeGreaterThan(60));
    await up.end('SIGKILL');
    await busy;
    before.close();

    up = await Up.start(['--config', file], variables);
    using client = await up.client();
    const kept: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await client.listResources('webhook', { limit: 200, ...(cursor === undefined ? {} : { cursor }) });
      kept.push(...page.items.map(({ id, origin }) => `${id} ${origin}`));
      cursor = page.next_cursor;
    }
    expect(kept).toEqual(expect.arrayContaining(['audit file', ...confirmed.map((id) => `${id} api`)]));
    // What was not confirmed may be there: one of each lane at most.
    expect(kept.length).toBeLessThanOrEqual(confirmed.length + 5);
    expect(up.stderr).not.toContain('could not be read');
    expect(up.stdout).not.toContain('Token');
    const { items } = await client.listResources('endpoint', {});
    expect(items.map(({ origin }) => origin)).toEqual(['file', 'file', 'file', 'file']);
  });
});

describe('up without a file', () => {
  it('runs, keeps what the API is told, and has no configuration to reload', async () => {
    let up = await Up.start(['--port', '0'], {});
    expect(up.stdout).toMatch(/^Token {2}rh_[\w-]{43}\n.*home\/token has it\.$/m);
    using client = await up.client();
    await client.createResource('endpoint_group', { id: 'mine' });
    await expect(client.reloadConfiguration()).rejects.toMatchObject({ code: 'NO_CONFIGURATION_FILE', status: 409 });
    expect(await client.getConfiguration()).toMatchObject({ file: null });
    up.signal('SIGHUP');
    expect(await up.end('SIGTERM')).toEqual([0, null]);
    up = await Up.start(['--port', '0'], {});
    using again = await up.client();
    expect((await again.getResource('endpoint_group', 'mine')).origin).toBe('api');
    expect(up.stdout).not.toContain('Token');
  });

  it.each([
    [['--set', 'server.prot=1'], EXIT.ConfigInvalid, /did you mean `server\.port`\?/],
    [['--config', 'no-such-file.yaml'], EXIT.ConfigInvalid, /Cannot read no-such-file\.yaml: it does not exist/],
    [['--port', 'seven'], EXIT.Usage, /ROUNDHOUSE_PORT/],
  ])('says what is wrong with %j', async (args, code, message) => {
    const up = new Up(args, {});
    expect(await up.exited).toEqual([code, null]);
    expect(up.stderr).toMatch(message);
  });
});
