import type { Transport } from '@roundhouse/net';
import type { SenderSocket } from './engine.ts';

/** Up to this size the head of a frame and what it carries go as one write. */
const JOINED_BYTES = 16_384;

interface Part {
  readonly bytes: Buffer;
  readonly taken: ((error?: Error) => void) | undefined;
}

/** What a sender of `ws` writes to, on a transport. */
export class TransportSink implements SenderSocket {
  readonly #transport: Transport;
  #corked: Part[] | undefined;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get destroyed(): boolean {
    return this.#transport.state !== 'open';
  }

  cork(): void {
    this.#corked = [];
  }

  uncork(): void {
    const parts = this.#corked ?? [];
    this.#corked = undefined;
    const length = parts.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (length > JOINED_BYTES) for (const part of parts) this.#send(part);
    else
      this.#send({
        bytes: Buffer.concat(
          parts.map(({ bytes }) => bytes),
          length,
        ),
        taken: parts.at(-1)?.taken,
      });
  }

  write(bytes: Buffer | string, taken?: (error?: Error) => void): void {
    const part = { bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes, taken };
    if (this.#corked === undefined) this.#send(part);
    else this.#corked.push(part);
  }

  #send({ bytes, taken }: Part): void {
    if (taken === undefined) this.#transport.write(bytes);
    else this.#transport.write(bytes, (isTaken) => (isTaken ? taken() : taken(new Error('it was lost'))));
  }
}
