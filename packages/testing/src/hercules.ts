import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';
import { freePort } from './port.ts';

export interface HerculesOptions {
  /** 3270 displays at 0700 and up. Default 4. */
  readonly devices?: number;
  /** Longest wait for the console port. Default 20,000. */
  readonly startTimeoutMs?: number;
  readonly scope?: Scope;
}

const COMMAND = 'hercules';
const HOST = '127.0.0.1';
/** Pause between two looks at the console port. */
const POLL_MS = 50;

export const herculesAvailable = (): boolean => isInstalled(COMMAND);

/**
 * Starts a Hercules without an operating system on a free port of 127.0.0.1: each display gets its logo screen, a
 * display too many is told that it is rejected. Resolves when the console port answers.
 */
export async function startHercules(options: HerculesOptions = {}): Promise<Hercules> {
  const { devices = 4, startTimeoutMs = 20_000 } = options;
  if (!Number.isInteger(devices) || devices < 1 || devices > 256) throw new RangeError('1 … 256 devices');
  const limits = { what: 'Hercules', timeoutMs: startTimeoutMs };
  using scope = options.scope?.child(limits) ?? createScope(limits);
  const directory = await mkdtemp(join(tmpdir(), 'hercules-'));
  const removeDirectory = (): Promise<void> => rm(directory, { recursive: true, force: true });
  let peer: PeerProcess | undefined;
  try {
    const port = await freePort();
    const file = join(directory, 'hercules.cnf');
    await writeFile(file, configuration(port, devices));
    // -d keeps it from taking over the terminal; it ends when its standard input does.
    peer = await startPeer(COMMAND, ['-d', '-f', file], { cwd: directory });
    while (!(await consoleAnswers(port, scope))) {
      if (peer.exit !== undefined) throw peer.failure('it ended before its console port answered');
      await scope.sleep(POLL_MS);
    }
    return new Hercules(peer, port, removeDirectory);
  } catch (error) {
    peer?.kill();
    await peer?.exited;
    await removeDirectory();
    throw error;
  }
}

/** A running Hercules: a real host for the client side. */
export class Hercules implements AsyncDisposable {
  readonly host = HOST;
  readonly port: number;
  readonly #peer: PeerProcess;
  readonly #removeDirectory: () => Promise<void>;

  constructor(peer: PeerProcess, port: number, removeDirectory: () => Promise<void>) {
    this.#peer = peer;
    this.port = port;
    this.#removeDirectory = removeDirectory;
  }

  get pid(): number {
    return this.#peer.pid;
  }

  /** The last of its log. */
  get log(): string {
    return this.#peer.output;
  }

  /** Fails at once, as an endpoint does; `close` is still to be called. */
  kill(): void {
    this.#peer.kill();
  }

  /** Ends it and removes its files. Idempotent. */
  async close(): Promise<void> {
    await this.#peer.close();
    await this.#removeDirectory();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function configuration(port: number, devices: number): string {
  return [
    'CPUSERIAL 000611',
    'CPUMODEL 3090',
    'MAINSIZE 16',
    'XPNDSIZE 0',
    `CNSLPORT ${HOST}:${port}`,
    'NUMCPU 1',
    'ARCHMODE ESA/390',
    '0009 3215-C / noprompt',
    `0700.${devices} 3270`,
    '',
  ].join('\n');
}

/** Whether the console begins to negotiate; a device is taken only by who negotiates to the end. */
async function consoleAnswers(port: number, scope: Scope): Promise<boolean> {
  const socket = connect(port, HOST);
  try {
    return await scope.race(
      new Promise<boolean>((resolve) => {
        socket.once('data', () => resolve(true));
        socket.once('error', () => resolve(false));
        socket.once('close', () => resolve(false));
      }),
    );
  } finally {
    socket.destroy();
  }
}
