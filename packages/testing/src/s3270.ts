import { createScope, type Scope } from '@roundhouse/core';
import { testingError } from './errors.ts';
import { isInstalled, type PeerProcess, startPeer } from './peerProcess.ts';

export interface S3270Options {
  /** Command line, e.g. `['-model', '3279-2', '127.0.0.1:3270']`. */
  readonly args?: readonly string[];
  /** Longest wait for the answer to one action. Default 10,000. */
  readonly timeoutMs?: number;
  /** Ends the actions under way when it ends. */
  readonly scope?: Scope;
}

/** The status line that s3270 prints after each action. Rows and columns count from 1. */
export interface S3270Status {
  readonly keyboard: 'unlocked' | 'locked' | 'error';
  readonly formatted: boolean;
  /** Whether the cursor is in a protected field. */
  readonly protected: boolean;
  /** Null when there is no connection. */
  readonly host: string | null;
  /** I 3270, L NVT line, C NVT character, P negotiation, N not connected. */
  readonly mode: 'I' | 'L' | 'C' | 'P' | 'N';
  readonly model: number;
  readonly rows: number;
  readonly columns: number;
  readonly cursorRow: number;
  readonly cursorColumn: number;
}

interface Answer {
  readonly action: string;
  readonly data: string[];
  resolve(data: string[]): void;
  reject(error: Error): void;
}

const COMMAND = 's3270';
const DATA_PREFIX = 'data: ';
const KEYBOARD = { U: 'unlocked', L: 'locked', E: 'error' } as const;

export const s3270Available = (): boolean => isInstalled(COMMAND);

/** Starts s3270, the scripted emulator of the x3270 family. */
export async function openS3270({ args = [], timeoutMs = 10_000, scope }: S3270Options = {}): Promise<S3270> {
  return new S3270(await startPeer(COMMAND, args), timeoutMs, scope);
}

/** A scripted emulator on the other side of a test: the reference, one action at a time. */
export class S3270 implements AsyncDisposable {
  readonly #peer: PeerProcess;
  readonly #timeoutMs: number;
  readonly #scope: Scope | undefined;
  /** s3270 answers in the order of the actions. */
  readonly #answers: Answer[] = [];
  #line = '';
  #status: S3270Status | undefined;
  #closing = false;

  constructor(peer: PeerProcess, timeoutMs: number, scope: Scope | undefined) {
    this.#peer = peer;
    this.#timeoutMs = timeoutMs;
    this.#scope = scope;
    peer.onOutput((text) => this.#receive(text));
    void peer.exited.then(() => {
      for (const answer of this.#answers.splice(0)) answer.reject(peer.failure(`it ended during ${answer.action}`));
    });
  }

  get pid(): number {
    return this.#peer.pid;
  }

  /** Of the last action; undefined before the first. */
  get status(): S3270Status | undefined {
    return this.#status;
  }

  /**
   * Runs an action, e.g. `Wait(InputField)`, and resolves with its data lines. Rejects with PEER_REFUSED when s3270
   * says `error`, PEER_FAILED when it ended, DEADLINE_EXCEEDED when it does not answer; it is then killed, as its
   * answers are no longer known by their order.
   */
  async run(action: string): Promise<string[]> {
    if (/[\r\n]/.test(action)) throw new RangeError('An action is one line');
    if (this.#closing || this.#peer.exit !== undefined) throw this.#peer.failure('it no longer runs');
    const options = { what: `${COMMAND} ${action}`, timeoutMs: this.#timeoutMs };
    using scope = this.#scope?.child(options) ?? createScope(options);
    const leave = scope.onEnd(() => this.#peer.kill());
    try {
      return await scope.race(
        new Promise<string[]>((resolve, reject) => {
          this.#answers.push({ action, data: [], resolve, reject });
          this.#peer.write(`${action}\n`);
        }),
      );
    } finally {
      leave();
    }
  }

  /** The buffer, one string a row, in the notation of ExpectedStep.buffer. */
  async readBufferEbcdic(): Promise<string[]> {
    return (await this.run('ReadBuffer(Ebcdic)')).map((row) => row.trim());
  }

  /** Quits; resolves when the program is gone. Idempotent. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#peer.write('Quit()\n');
      this.#peer.endInput();
    }
    await this.#peer.exitWithin(2_000);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() as string;
    for (const line of lines) this.#accept(line.replace(/\r$/, ''));
  }

  #accept(line: string): void {
    const answer = this.#answers[0];
    if (answer === undefined) return;
    if (line.startsWith(DATA_PREFIX)) {
      answer.data.push(line.slice(DATA_PREFIX.length));
    } else if (line === 'ok' || line === 'error') {
      this.#answers.shift();
      if (line === 'ok') answer.resolve(answer.data);
      else {
        const details = { peer: COMMAND, action: answer.action, reason: answer.data.join(' ') };
        answer.reject(testingError('PEER_REFUSED', { details }));
      }
    } else {
      this.#status = parseS3270Status(line) ?? this.#status;
    }
  }
}

/** Reads a status line; undefined when it is none. */
export function parseS3270Status(line: string): S3270Status | undefined {
  const match = /^([ULE]) ([FU]) ([PU]) (N|C\(.*\)) ([ILCPN]) ([2-5]) (\d+) (\d+) (\d+) (\d+) \S+ \S+$/.exec(line);
  if (match === null) return undefined;
  const [, keyboard, formatted, protectedField, connection, mode, ...numbers] = match as unknown as string[];
  const [model, rows, columns, cursorRow, cursorColumn] = numbers.map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    keyboard: KEYBOARD[keyboard as keyof typeof KEYBOARD],
    formatted: formatted === 'F',
    protected: protectedField === 'P',
    host: connection === 'N' ? null : (connection as string).slice(2, -1),
    mode: mode as S3270Status['mode'],
    model,
    rows,
    columns,
    cursorRow: cursorRow + 1,
    cursorColumn: cursorColumn + 1,
  };
}
