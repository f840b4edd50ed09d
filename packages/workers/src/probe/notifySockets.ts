import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Scope } from '@roundhouse/core';
import { workerError } from '../errors.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import { tell } from '../process/fifo.ts';
import type { Notices } from './check.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/notify.pl', import.meta.url));
const PERL = '/usr/bin/perl';
/** How often it is looked whether a socket is open, and how often it is asked for, ms. */
const LOOK_MS = 5;
const ASK_MS = 250;
/** Longest wait for a socket, ms. */
const OPEN_MS = 5_000;
const MAX_PATH_BYTES = 107;

/**
 * The sockets that `NOTIFY_SOCKET` names. A small Perl program of its own holds them, which outlives this process and is
 * started when the first is asked for; what it was sent stands in a file for each instance.
 */
export class NotifySockets implements Notices {
  readonly #directory: string;
  #opened = 0;

  /** @param directory for the files, on a disk that outlives this process; nobody else writes there */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Opens the socket of an instance at `path`, of at most 107 bytes, before its program starts: what was sent there
   * before is forgotten. Raises PROBE_UNSUPPORTED where there is no Perl, or the socket cannot be made.
   */
  async open(instance: InstanceId, path: string, scope: Scope): Promise<void> {
    using opening = scope.child({ timeoutMs: OPEN_MS, what: 'Making a socket for NOTIFY_SOCKET' });
    try {
      // What is longer the system would cut off: unix(7).
      if (Buffer.byteLength(path) > MAX_PATH_BYTES)
        throw new RangeError(`${path} is longer than ${MAX_PATH_BYTES} bytes`);
      const file = this.#fileOf(instance);
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await rm(file, { force: true });
      const id = `${scope.clock.now()}.${++this.#opened}`;
      for (let waited = 0; (await readState(file)) === undefined; waited += LOOK_MS) {
        if (waited % ASK_MS === 0 && !this.#tell('open', instance, path, id)) await opening.race(this.#start());
        await opening.sleep(LOOK_MS);
      }
    } catch (cause) {
      scope.throwIfEnded();
      const { message: reason } = cause as Error;
      throw workerError('PROBE_UNSUPPORTED', { details: { kind: 'notify', reason }, cause });
    }
  }

  /** Whether the latest that it has said is that it is ready; what it said stays known over restarts of this process. */
  async isReady(instance: InstanceId): Promise<boolean> {
    return (await readState(this.#fileOf(instance))) === 'READY=1';
  }

  /** Gives up the socket of an instance that is not wanted any more. */
  drop(instance: InstanceId, path: string): void {
    this.#tell('drop', instance, path);
  }

  #fileOf(instance: InstanceId): string {
    return join(this.#directory, fileNameOf(instance));
  }

  /** False when nobody is there to hear it. */
  #tell(verb: 'open' | 'drop', instance: InstanceId, path: string, id = ''): boolean {
    return tell(join(this.#directory, 'control'), [verb, path, fileNameOf(instance), id].join('\t'));
  }

  /** Resolves once it runs; of several that are started at once all but one end at once. */
  #start(): Promise<void> {
    return new Promise((resolve, reject) => {
      const child = spawn(PERL, [SCRIPT, this.#directory], { detached: true, stdio: 'ignore', cwd: '/', env: {} });
      child.once('error', reject);
      child.once('spawn', resolve);
      child.unref();
    });
  }
}

function fileNameOf(instance: InstanceId): string {
  return nameOf(instance).replace('/', '.');
}

/** Undefined where there is no file. */
async function readState(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
