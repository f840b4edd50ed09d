import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createScope } from '@roundhouse/core';
import { testingError } from './errors.ts';
import { isInstalled } from './peerProcess.ts';

const run = promisify(execFile);

const COMMAND = 'tmux';
/** Pause between two looks at the pane. */
const POLL_MS = 50;
/** tmux draws lines as ASCII in other locales. */
const UTF8 = { env: { ...process.env, LC_ALL: 'C.UTF-8' } };
let count = 0;

export const tmuxAvailable = (): boolean => isInstalled(COMMAND);

export interface TmuxOptions {
  readonly columns: number;
  readonly rows: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs a command in a terminal of the given size, on a tmux server of its own. */
export async function openTmux(command: readonly string[], { columns, rows, environment }: TmuxOptions): Promise<Tmux> {
  const socket = `roundhouse-test-${process.pid}-${++count}`;
  const size = ['-x', String(columns), '-y', String(rows)];
  const variables = Object.entries(environment ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  // The pane outlives its command, so that the last thing on it can be read.
  const options = ['-f', '/dev/null', 'new-session', '-d', ...size, ...variables, ...command];
  await run(COMMAND, [
    '-L',
    socket,
    ...options,
    ';',
    'set',
    '-g',
    'remain-on-exit',
    'on',
    ';',
    'set',
    '-g',
    'status',
    'off',
  ]);
  return new Tmux(socket);
}

/** A terminal with a program in it, and somebody at the keys. */
export class Tmux implements AsyncDisposable {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  /** Types text as it is. */
  async type(text: string): Promise<void> {
    await this.#run('send-keys', '-l', text);
  }

  /** Presses keys by tmux's names: `Enter`, `F3`, `C-c`, `Tab`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#run('send-keys', ...keys);
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What the terminal shows, row by row, without blanks at the ends; with `styles` the SGR sequences too. */
  async capture({ styles = false } = {}): Promise<string[]> {
    const text = await this.#run('capture-pane', '-p', ...(styles ? ['-e'] : []));
    return text.split('\n').map((line) => line.trimEnd());
  }

  /** Waits until the terminal shows `text`; PEER_FAILED with what it shows when it does not in time. */
  async waitFor(text: string, timeoutMs = 10_000): Promise<string[]> {
    using scope = createScope({ what: `"${text}" on the terminal`, timeoutMs });
    for (;;) {
      const lines = await this.capture();
      if (lines.some((line) => line.includes(text))) return lines;
      if (scope.signal.aborted) {
        const reason = `the terminal does not show "${text}" but:\n${lines.join('\n')}`;
        throw testingError('PEER_FAILED', { details: { peer: COMMAND, reason } });
      }
      await scope.sleep(POLL_MS).catch(() => {});
    }
  }

  /** Process id of the program. */
  async pid(): Promise<number> {
    return Number(await this.#run('display-message', '-p', '#{pane_pid}'));
  }

  /** Exit code of the program, or undefined while it runs. */
  async exitCode(): Promise<number | undefined> {
    const [dead, status] = (await this.#run('display-message', '-p', '#{pane_dead} #{pane_dead_status}'))
      .trim()
      .split(' ');
    return dead === '1' ? Number(status) : undefined;
  }

  async close(): Promise<void> {
    await this.#run('kill-server').catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #run(...args: readonly string[]): Promise<string> {
    return (await run(COMMAND, ['-u', '-L', this.#socket, ...args], UTF8)).stdout;
  }
}
