import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const HOST = '127.0.0.1';
/** Attackers come from an address of their own, so that limits for each address are theirs alone. */
const ATTACKER_HOST = '127.0.0.2';
/** A server that takes nothing for so long holds its client back. */
const HELD_MS = 2_000;
/** Nothing that is limited lasts so long. */
const LONGEST_MS = 25_000;
const POLITE_PAUSE_MS = 30;
const MEMORY_PAUSE_MS = 200;
const KEPT_BYTES = 65_536;

/** How an attack ended: the server ended it, took nothing more, or would have gone on for ever. */
export type AttackEnd = 'closed' | 'held back' | 'unlimited';

/** A client that does what it likes. */
export class Attacker {
  readonly #socket: Socket;
  #heard = '';
  #isClosed = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#heard = (this.#heard + chunk.toString('latin1')).slice(-KEPT_BYTES);
    });
    socket.on('error', () => {});
    socket.once('end', () => (this.#isClosed = true));
    socket.once('close', () => (this.#isClosed = true));
  }

  static async connect(port: number): Promise<Attacker> {
    const socket = connect({ host: HOST, port, localAddress: ATTACKER_HOST, allowHalfOpen: true });
    const attacker = new Attacker(socket);
    await new Promise<void>((resolve) => {
      socket.once('connect', resolve);
      socket.once('close', () => resolve());
    });
    return attacker;
  }

  /** The last of what has come. */
  get heard(): string {
    return this.#heard;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Takes nothing of what comes. */
  deafen(): void {
    this.#socket.pause();
    this.#socket.removeAllListeners('data');
  }

  write(bytes: Uint8Array | string): void {
    if (!this.#isClosed) this.#socket.write(bytes);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends as fast as it is taken, up to `maxBytes`. */
  async flood(make: (index: number) => Uint8Array, maxBytes: number): Promise<AttackEnd> {
    let sent = 0;
    for (let index = 0; sent < maxBytes && !this.#isClosed; index++) {
      const bytes = make(index);
      sent += bytes.byteLength;
      if (this.#socket.write(bytes)) {
        if (index % 16 === 0) await turn();
        continue;
      }
      if (!(await this.#drained())) return this.#isClosed ? 'closed' : 'held back';
    }
    return (await this.closedWithin(HELD_MS)) ? 'closed' : 'unlimited';
  }

  /** Sends a piece each `pauseMs`, as long as it is let. */
  async drip(make: (index: number) => Uint8Array | string, pauseMs: number): Promise<AttackEnd> {
    const until = performance.now() + LONGEST_MS;
    for (let index = 0; performance.now() < until && !this.#isClosed; index++) {
      this.write(make(index));
      await pause(pauseMs);
    }
    return this.#isClosed ? 'closed' : 'unlimited';
  }

  /** Says nothing more. */
  async wait(): Promise<AttackEnd> {
    return (await this.closedWithin(LONGEST_MS)) ? 'closed' : 'unlimited';
  }

  async closedWithin(ms: number): Promise<boolean> {
    for (const until = performance.now() + ms; performance.now() < until && !this.#isClosed; ) await pause(20);
    return this.#isClosed;
  }

  #drained(): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(false), HELD_MS);
      const settle = (isDrained: boolean): void => {
        clearTimeout(timer);
        this.#socket.off('drain', onDrain).off('close', onClose);
        resolve(isDrained);
      };
      const onDrain = (): void => settle(true);
      const onClose = (): void => settle(false);
      this.#socket.once('drain', onDrain).once('close', onClose);
    });
  }
}

export interface AttackReport<Result> {
  readonly result: Result;
  /** Times that the polite client was served meanwhile, and what failed. */
  readonly served: number;
  readonly failures: readonly unknown[];
  /** Most that was kept at a time beyond what was before. */
  readonly growthBytes: number;
}

/** Runs an attack while somebody polite asks again and again. */
export async function besidePolite<Result>(
  polite: () => Promise<unknown>,
  attack: () => Promise<Result>,
): Promise<AttackReport<Result>> {
  // What is loaded at the first use is no growth.
  await polite();
  const before = keptBytes();
  let isOver = false;
  let served = 0;
  let growthBytes = 0;
  const failures: unknown[] = [];
  const asking = (async () => {
    do {
      await polite().then(
        () => (served += 1),
        (error: unknown) => failures.push(error),
      );
      await pause(POLITE_PAUSE_MS);
    } while (!isOver);
  })();
  const watching = (async () => {
    do {
      growthBytes = Math.max(growthBytes, keptBytes() - before);
      await pause(MEMORY_PAUSE_MS);
    } while (!isOver);
  })();
  let result: Result;
  try {
    result = await attack();
  } finally {
    isOver = true;
    await asking;
    await watching;
  }
  return { result, served, failures, growthBytes };
}

/** Growth of the whole process beside an attack that is bounded: buffers of a few connections, and what was not collected. */
export const MAX_GROWTH = 48 * 1_048_576;
/** What an attack may send when nobody stops it. */
export const FLOOD_BYTES = 64 * 1_048_576;

/** One attacker beside a polite client, who must be served all the time; memory must not grow. */
export async function strike(
  port: number,
  polite: () => Promise<unknown>,
  attack: (attacker: Attacker) => Promise<AttackEnd>,
): Promise<{ readonly end: AttackEnd; readonly heard: string }> {
  const attacker = await Attacker.connect(port);
  try {
    const { result, served, failures, growthBytes } = await besidePolite(polite, () => attack(attacker));
    assert.deepEqual(failures, [], 'somebody polite was not served');
    assert.ok(served > 0, 'nobody polite was served');
    assert.ok(growthBytes < MAX_GROWTH, `it kept ${growthBytes} bytes`);
    return { end: result, heard: attacker.heard };
  } finally {
    attacker.destroy();
  }
}

function keptBytes(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
