import { closeSync, openSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { cliError } from '../errors.ts';

/**
 * A trace in a file for the owner's eyes, written line by line: what came before a crash is in it. A disk that fails
 * ends the trace and not the session.
 */
export class TraceFile implements Disposable {
  readonly path: string;
  #descriptor: number | undefined;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  /** Replaces a file that is there. Raises ARGUMENT_INVALID. */
  static open(file: string): TraceFile {
    const path = resolve(file);
    try {
      return new TraceFile(path, openSync(path, 'w', 0o600));
    } catch (cause) {
      throw fileError('trace file', file, cause);
    }
  }

  write(line: string): void {
    if (this.#descriptor === undefined) return;
    try {
      writeSync(this.#descriptor, `${line}\n`);
    } catch {
      this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** A file of the command line that the system refuses. */
export function fileError(what: string, file: string, cause: unknown): Error {
  const reason = (cause as NodeJS.ErrnoException).code ?? 'it cannot be used';
  return cliError('ARGUMENT_INVALID', { details: { argument: `${what} "${file}"`, reason }, cause });
}
