import type { Clock, Timer } from '@roundhouse/core';
import type { Stream } from '../contract.ts';
import type { Keeping } from '../keeping.ts';
import { ByteRate } from './byteRate.ts';
import { FifoReader } from './fifo.ts';
import { Intake } from './intake.ts';
import { Journal } from './journal.ts';
import { retain } from './retention.ts';

/** After a FIFO could not be opened or read, most likely for want of descriptors. */
const RETRY_MS = 1_000;

export interface StreamKeeperDependencies {
  readonly clock: Clock;
  /** Whether the instance is kept still. */
  readonly isWanted: () => boolean;
  readonly compress: (directory: string, stream: Stream) => void;
  readonly onFault: (what: string, fault: unknown) => void;
}

/** One stream of one instance, from its FIFO to its files. */
export class StreamKeeper {
  readonly #directory: string;
  readonly #stream: Stream;
  readonly #log: Keeping['log'];
  readonly #deps: StreamKeeperDependencies;
  readonly #journal: Journal;
  readonly #intake: Intake;
  readonly #fifo: FifoReader;
  #retry: Timer | undefined;

  constructor(keeping: Keeping, directory: string, stream: Stream, deps: StreamKeeperDependencies) {
    const { clock, isWanted, onFault } = deps;
    const { log } = keeping;
    this.#directory = directory;
    this.#stream = stream;
    this.#log = log;
    this.#deps = deps;
    this.#journal = new Journal(
      { directory, stream, maxBytes: log.maxBytes },
      { clock, isWanted, onSealed: () => this.tidy() },
    );
    const rate = log.rateLimit === undefined ? undefined : new ByteRate(log.rateLimit, clock);
    this.#intake = new Intake(this.#journal, rate, {
      clock,
      onFault: (fault) => onFault(`${directory}/${stream}.log`, fault),
    });
    const path = keeping.fifos[stream];
    this.#fifo = new FifoReader(
      path,
      (bytes, length) => this.#intake.receive(bytes, length),
      (fault) => {
        onFault(path, fault);
        this.#retry?.cancel();
        this.#retry = clock.setTimer(RETRY_MS, () => this.check());
      },
    );
  }

  /** Reads the FIFO that is there now. */
  check(): void {
    this.#fifo.check();
  }

  /** Removes what need not be kept, and has the rest compressed. */
  tidy(): void {
    const { maxFiles, maxAgeMs, isCompressed } = this.#log;
    try {
      retain({ directory: this.#directory, stream: this.#stream, maxFiles, maxAgeMs }, this.#deps.clock);
      if (isCompressed) this.#deps.compress(this.#directory, this.#stream);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#deps.onFault(this.#directory, error);
    }
  }

  close(): void {
    this.#retry?.cancel();
    this.#fifo.close();
    this.#intake.close();
    this.#journal.close();
  }
}
