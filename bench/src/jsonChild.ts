import { createScope } from '@roundhouse/core';
import { type PeerProcess, startPeer } from '@roundhouse/testing';
import { NODE_ARGUMENTS } from './script.ts';

/** Longest wait for a line: a slow machine that moves 20,000 screens through a peer. */
const LINE_TIMEOUT_MS = 300_000;

/** Starts a script of this checkout, by its path, in a Node of its own. */
export async function startScript(script: string, ...args: readonly unknown[]): Promise<JsonChild> {
  return new JsonChild(await startPeer(process.execPath, [...NODE_ARGUMENTS, script, ...args.map(String)]));
}

/** A child that prints JSON, one value a line. Closing it ends the process. */
export class JsonChild implements AsyncDisposable {
  readonly #peer: PeerProcess;
  readonly #lines: string[] = [];
  #partial = '';
  #wake: () => void = () => {};

  constructor(peer: PeerProcess) {
    this.#peer = peer;
    peer.onOutput((text) => {
      const lines = (this.#partial + text).split('\n');
      this.#partial = lines.pop() as string;
      this.#lines.push(...lines);
      this.#wake();
    });
    void peer.exited.then(() => this.#wake());
  }

  get pid(): number {
    return this.#peer.pid;
  }

  /** To its standard input. */
  write(text: string): void {
    this.#peer.write(text);
  }

  /** The next value; rejects with PEER_FAILED when the child ends before, DEADLINE_EXCEEDED when it stays silent. */
  async next<T>(): Promise<T> {
    using scope = createScope({ what: this.#peer.command, timeoutMs: LINE_TIMEOUT_MS });
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return JSON.parse(line) as T;
      if (this.#peer.exit !== undefined) throw this.#peer.failure('it ended early');
      await scope.race(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
      );
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#peer.close();
  }
}
