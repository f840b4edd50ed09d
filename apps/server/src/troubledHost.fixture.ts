import { fileURLToPath } from 'node:url';
import { type PeerProcess, startPeer } from '@roundhouse/testing';

const PROGRAM = fileURLToPath(new URL('./troubledHostProcess.fixture.ts', import.meta.url));

/** A demonstration host in a process of its own. */
export class TroubledHost {
  readonly id: string;
  port = 0;
  #peer: PeerProcess | undefined;

  constructor(id: string) {
    this.id = id;
  }

  async start(): Promise<void> {
    const args = ['--conditions=source', PROGRAM, String(this.port), this.id.toUpperCase()];
    this.#peer = await startPeer(process.execPath, args);
    const { port } = (await this.#next()) as { port: number };
    this.port = port;
  }

  /** `well`, `full`, `down`, or ms before the first screen. */
  async treat(mood: string): Promise<void> {
    const told = this.#next();
    this.#peer?.write(`${mood}\n`);
    await told;
  }

  /** As a power cut; its connections end. */
  async kill(): Promise<void> {
    this.#peer?.kill();
    await this.#peer?.exited;
  }

  /** The system still takes connections for it; it answers nothing. */
  freeze(): void {
    process.kill((this.#peer as PeerProcess).pid, 'SIGSTOP');
  }

  #next(): Promise<unknown> {
    const peer = this.#peer as PeerProcess;
    const answer = new Promise((resolve) =>
      peer.onOutput((text) => resolve(JSON.parse(text.split('\n')[0] as string))),
    );
    const ended = peer.exited.then(() => Promise.reject(peer.failure('it ended')));
    return Promise.race([answer, ended]);
  }
}
