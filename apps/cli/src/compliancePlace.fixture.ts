import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Client, createClient, type ComplianceReportResource } from '@roundhouse/api';
import { RULES } from '@roundhouse/audit/compliance';
import { type RunningServer, type RunOptions, runServer } from '@roundhouse/server';
import { FakeSession } from '@roundhouse/testing';
import { expect, vi } from 'vitest';
import type { ExitCode } from './exit.ts';
import { run } from './main.ts';

type Result = ComplianceReportResource['results'][number];

const sh = promisify(execFile);
/** A key of a program: the token of root stays where it is. */
const KEY = `rh_script_${Buffer.alloc(32, 5).toString('base64url')}`;
const BASE = `principals: [{ id: operations.script, type: service, roles: [admin] }]
api_keys: [{ id: script, principal: operations.script, hash: ${hash('sha256', KEY)} }]
`;

/** An installation in a folder of its own, the server it runs, and the program that talks to it. */
export class Place implements AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  /** In the place of what is outside of the server. */
  outside: NonNullable<RunOptions['outside']>;
  variables: Readonly<Record<string, string>> = {};
  ca: string | undefined;
  /** As whom the program calls. */
  token: string | undefined = KEY;
  readonly #realNow = Date.now.bind(Date);
  #shiftMs = 0;
  #server: RunningServer | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.home = join(folder, 'home');
    this.outside = { time: { chronyLog: join(folder, 'tracking.log'), timesyncFlag: join(folder, 'synchronized') } };
    vi.spyOn(Date, 'now').mockImplementation(() => this.#realNow() + this.#shiftMs);
  }

  static async prepare(): Promise<Place> {
    const place = new Place(await mkdtemp(join(tmpdir(), 'roundhouse-remedy-')));
    await mkdir(join(place.folder, 'evidence'));
    return place;
  }

  get server(): RunningServer {
    if (this.#server === undefined) throw new Error('it was not started');
    return this.#server;
  }

  /** The wall clock of this process goes on; nothing waits for it. */
  shift(ms: number): void {
    this.#shiftMs += ms;
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.folder, name), text, { mode: 0o600 });
  }

  /** Stops what runs, and starts it anew with these layers, later ones stronger, above a key for a program. */
  async start(...layers: readonly string[]): Promise<void> {
    await this.startAlone(BASE, ...layers);
  }

  /** The same with nothing below the layers. */
  async startAlone(...layers: readonly string[]): Promise<void> {
    await this.stop();
    const names = layers.map((_, index) => `layer${index}.yaml`);
    await Promise.all(layers.map((text, index) => this.write(names[index] as string, text)));
    await this.write('roundhouse.yaml', layers.length === 0 ? '{}\n' : `extends: [${names.join(', ')}]\n`);
    this.#server = await runServer({
      version: '0.0.0',
      openSession: (options, scope) => {
        const session = new FakeSession(options);
        scope.onEnd((reason) => session.destroy(reason));
        queueMicrotask(() => session.hostUnlocks());
        return Promise.resolve(session);
      },
      variables: this.variables,
      home: this.home,
      sources: { file: join(this.folder, 'roundhouse.yaml') },
      isWatched: false,
      outside: this.outside,
      defaults: { port: 0, frontPort: undefined, logFilter: 'silent', token: undefined },
    });
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  /** What the program calls with; without a token of its own that of root. */
  get #address(): { readonly url: string; readonly token: string } {
    return { url: this.server.url, token: this.token ?? this.server.token };
  }

  client(): Client {
    return createClient({ ...this.#address, ...(this.ca !== undefined && { ca: this.ca }) });
  }

  async report(): Promise<ComplianceReportResource> {
    using client = this.client();
    return await client.getComplianceReport();
  }

  async result(rule: string): Promise<Result> {
    const found = (await this.report()).results.find((each) => each.rule === rule);
    if (found === undefined) throw new Error(rule);
    return found;
  }

  /** Waits for what takes a moment: an index, a checkpoint on its way. */
  async expect(rule: string, status: Result['status']): Promise<void> {
    let last: Result | undefined;
    await vi
      .waitFor(
        async () => {
          last = await this.result(rule);
          expect(last.status).toBe(status);
        },
        { timeout: 20_000, interval: 100 },
      )
      .catch(() => expect([rule, last?.status, last?.reason, last?.evidence.facts]).toEqual([rule, status]));
  }

  /** Runs a command that the remediation of the rule names, as it stands there up to its arguments. */
  async command(
    rule: string,
    command: string,
    ...more: readonly string[]
  ): Promise<{ stdout: string; code: ExitCode }> {
    expect(RULES.find(({ id }) => id === rule)?.remediation.text).toContain(`roundhouse ${command}`);
    return await this.run([...command.split(' '), ...more]);
  }

  async run(argv: readonly string[], input = ''): Promise<{ stdout: string; stderr: string; code: ExitCode }> {
    let [stdout, stderr] = ['', ''];
    const code = await run(argv, {
      version: '0.0.0',
      env: {
        ROUNDHOUSE_HOME: join(this.folder, 'nobody'),
        ...(this.#server !== undefined && { ROUNDHOUSE_URL: this.#address.url, ROUNDHOUSE_TOKEN: this.#address.token }),
        ...(this.ca !== undefined && { ROUNDHOUSE_CA: join(this.folder, 'ca.pem') }),
      },
      stdin: (async function* () {
        yield input;
      })(),
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    });
    return { stdout, stderr, code };
  }

  async shell(script: string): Promise<void> {
    await sh('sh', ['-ec', script], { cwd: this.folder });
  }

  read(name: string): Promise<string> {
    return readFile(join(this.folder, name), 'utf8');
  }

  /** The configuration that the rule prints, with places of this folder for those of the example. */
  printed(rule: string, replacements: Readonly<Record<string, string>> = {}): string {
    const { configuration } = RULES.find(({ id }) => id === rule)?.remediation ?? {};
    if (configuration === undefined) throw new Error(`${rule} prints no configuration`);
    const places = {
      ...replacements,
      '/etc/roundhouse/tls': this.folder,
      '/etc/roundhouse/secrets': this.folder,
      '/var/lib/roundhouse': this.folder,
    };
    return Object.entries(places).reduce((text, [from, to]) => {
      return text.replaceAll(from, to);
    }, configuration);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    vi.restoreAllMocks();
    await rm(this.folder, { recursive: true, force: true });
  }
}
