import type { Scope } from '@roundhouse/core';
import { type InstanceId, type LogLine, type LogQuery, type Logs, workerError } from '@roundhouse/workers';

/** What workers have written, in memory. */
export class FakeLogs implements Logs {
  readonly #lines: LogLine[] = [];
  readonly #readers = new Set<() => void>();
  /** Follows that have not ended. */
  followers = 0;

  write(worker: string, text: string, more: Partial<Omit<LogLine, 'bytes'>> = {}): void {
    const bytes = Buffer.from(text);
    this.#lines.push({ instance: { worker, number: 0 }, stream: 'stdout', at: 0, isCut: false, ...more, bytes });
    for (const wake of this.#readers) wake();
  }

  async read(query: LogQuery, scope: Scope): Promise<readonly LogLine[]> {
    scope.throwIfEnded();
    return this.#lines
      .filter((line) => isAsked(line, query))
      .slice(-query.limit)
      .map((line) => shownOf(line, query));
  }

  async *follow(query: Omit<LogQuery, 'limit' | 'untilMs'>, scope: Scope): AsyncGenerator<LogLine, void, void> {
    let next = query.sinceMs === undefined ? this.#lines.length : 0;
    this.followers++;
    try {
      while (!scope.signal.aborted) {
        for (; next < this.#lines.length; next++) {
          const line = this.#lines[next] as LogLine;
          if (isAsked(line, query)) yield shownOf(line, query);
        }
        await this.#more(scope);
      }
    } finally {
      this.followers--;
    }
  }

  #more(scope: Scope): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#readers.delete(wake);
        leave();
        resolve();
      };
      const leave = scope.onEnd(wake);
      this.#readers.add(wake);
    });
  }

  async configure(): Promise<void> {}
  filesOf({ worker, number }: InstanceId) {
    return { stdout: `/logs/${worker}.${number}.out`, stderr: `/logs/${worker}.${number}.err` };
  }
  async size({ worker, number }: InstanceId): Promise<number> {
    const own = this.#lines.filter(({ instance }) => instance.worker === worker && instance.number === number);
    return own.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
  async release(): Promise<void> {}
}

function isAsked({ instance, stream, at, bytes }: LogLine, query: Partial<LogQuery>): boolean {
  const { instances = [], sinceMs = -Infinity, untilMs = Infinity, pattern } = query;
  return (
    instances.some(({ worker, number }) => worker === instance.worker && number === instance.number) &&
    (query.stream === undefined || query.stream === stream) &&
    at >= sinceMs &&
    at <= untilMs &&
    (pattern === undefined || expressionOf(pattern).test(Buffer.from(query.shown?.(bytes) ?? bytes).toString()))
  );
}

function shownOf(line: LogLine, { shown }: Pick<LogQuery, 'shown'>): LogLine {
  return shown === undefined ? line : { ...line, bytes: shown(line.bytes) };
}

function expressionOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw workerError('LOG_PATTERN_INVALID', { details: { pattern, reason: 'no' } });
  }
}
