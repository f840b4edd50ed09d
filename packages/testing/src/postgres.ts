import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createScope, type Scope } from '@roundhouse/core';
import { type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort } from './port.ts';

export interface PostgresOptions {
  /** Whether commits are forced to the disk, which a crash of the server alone does not need. Default true. */
  readonly fsync?: boolean;
  /** Longest wait for the server. Default 30,000. */
  readonly startTimeoutMs?: number;
  readonly scope?: Scope;
}

const HOST = '127.0.0.1';
const USER = 'roundhouse';
/** Of the system: PostgreSQL refuses to run as root. */
const SYSTEM_USER = 'postgres';
/** Pause between two looks at the server. */
const POLL_MS = 25;
/** Debian keeps the programs of each version apart, and none but the client on the PATH. */
const PROGRAMS = '/usr/lib/postgresql/*/bin';

const run = promisify(execFile);

export const postgresAvailable = (): boolean => programs() !== undefined;

/** Starts a PostgreSQL of its own, empty, on a free port of 127.0.0.1. Its text sorts by the rules of a language. */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const { fsync = true, startTimeoutMs = 30_000 } = options;
  const limits = { what: 'PostgreSQL', timeoutMs: startTimeoutMs };
  using scope = options.scope?.child(limits) ?? createScope(limits);
  const bin = programs() ?? PROGRAMS;
  const directory = await mkdtemp(join(tmpdir(), 'postgres-'));
  try {
    if (isRoot()) await run('chown', [SYSTEM_USER, directory]);
    const data = join(directory, 'data');
    const collation = ['--locale-provider=icu', '--icu-locale=en', '--locale=C.UTF-8'];
    const [initdb = '', ...args] = asSystemUser(join(bin, 'initdb'));
    await run(initdb, [...args, '-D', data, '-U', USER, '-A', 'trust', '-E', 'UTF8', '--no-sync', ...collation], {
      cwd: directory,
      signal: scope.signal,
    });
    const postgres = new Postgres(bin, directory, await freePort(), fsync);
    await postgres.start(scope);
    return postgres;
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A PostgreSQL with its data, which `kill` and `start` leave alone. */
export class Postgres implements AsyncDisposable {
  readonly port: number;
  readonly #bin: string;
  readonly #directory: string;
  readonly #fsync: boolean;
  #peer: PeerProcess | undefined;

  constructor(bin: string, directory: string, port: number, fsync: boolean) {
    this.port = port;
    this.#bin = bin;
    this.#directory = directory;
    this.#fsync = fsync;
  }

  url(database = 'postgres'): string {
    return `postgres://${USER}@${HOST}:${this.port}/${database}`;
  }

  /** Makes another database; returns its URL. */
  async createDatabase(name: string): Promise<string> {
    await run(join(this.#bin, 'createdb'), ['-h', HOST, '-p', `${this.port}`, '-U', USER, name]);
    return this.url(name);
  }

  /** The last of its log. */
  get log(): string {
    return this.#peer?.output ?? '';
  }

  /** Starts the server on what it kept; resolves when it answers. */
  async start(scope: Scope): Promise<void> {
    const settings = {
      port: this.port,
      listen_addresses: HOST,
      unix_socket_directories: this.#directory,
      fsync: this.#fsync ? 'on' : 'off',
      shared_buffers: '32MB',
      max_connections: 60,
    };
    const [command = '', ...args] = asSystemUser(join(this.#bin, 'postgres'));
    const set = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const peer = await startPeer(command, [...args, '-D', join(this.#directory, 'data'), ...set], {
      cwd: this.#directory,
    });
    this.#peer = peer;
    try {
      while (!(await this.#answers())) {
        if (peer.exit !== undefined) throw peer.failure('it ended before it answered');
        await scope.sleep(POLL_MS);
      }
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Ends the server in the middle of whatever it does (SIGKILL); resolves when its processes are gone. */
  async kill(): Promise<void> {
    // The last of them to go closes the output, and with that comes the end.
    this.#peer?.kill();
    await this.#peer?.exited;
  }

  /** Ends it and removes its data. Idempotent. */
  async close(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answers(): Promise<boolean> {
    try {
      await run(join(this.#bin, 'pg_isready'), ['-q', '-h', HOST, '-p', `${this.port}`]);
      return true;
    } catch {
      return false;
    }
  }
}

/** The folder of the newest version that is installed. */
function programs(): string | undefined {
  const version = (folder: string): number => Number(folder.split('/').at(-2));
  return globSync(PROGRAMS).sort((a, b) => version(b) - version(a))[0];
}

const isRoot = (): boolean => process.getuid?.() === 0;

function asSystemUser(program: string): string[] {
  if (!isRoot()) return [program];
  return ['setpriv', `--reuid=${SYSTEM_USER}`, `--regid=${SYSTEM_USER}`, '--clear-groups', program];
}
