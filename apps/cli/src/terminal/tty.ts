import type { ReadStream, WriteStream } from 'node:tty';
import type { ScreenSize } from '@roundhouse/tn3270';
import { terminalError } from './errors.ts';
import type { Palette } from './paint.ts';

export interface TtyHandler {
  input(bytes: Uint8Array): void;
  resized(): void;
  /** Everything written was taken, after `write` had returned false. */
  drained(): void;
  /** The terminal itself is gone. */
  ended(): void;
}

/** The user's terminal. */
export interface Tty {
  readonly window: ScreenSize;
  readonly palette: Palette;
  /** Takes the whole window and every key, until `close`. */
  open(handler: TtyHandler): void;
  /** False: hold back until `drained`. */
  write(text: string): boolean;
  /** Gives the terminal back as it was. Idempotent. */
  close(): void;
}

/** Alternate screen (on a terminal without one: an empty screen), no automatic wrap, bracketed paste. */
const TAKE = '\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[0m\x1b[2J';
/** In the order of TAKE reversed. The line feed is for terminals without an alternate screen. */
const GIVE_BACK = '\x1b[0m\x1b[999;1H\r\n\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l';

/** A terminal that does not tell its size. */
const USUAL_WINDOW: ScreenSize = { rows: 24, columns: 80 };

/** The terminal of this process. Raises TERMINAL_REQUIRED when input or output is none. */
export function processTty(env: Readonly<Record<string, string | undefined>>): Tty {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) throw terminalError('TERMINAL_REQUIRED');
  return new ProcessTty(stdin, stdout, env);
}

class ProcessTty implements Tty {
  readonly palette: Palette;
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #release: (() => void) | undefined;

  constructor(input: ReadStream, output: WriteStream, env: Readonly<Record<string, string | undefined>>) {
    this.#input = input;
    this.#output = output;
    this.palette = paletteOf(output, env);
  }

  get window(): ScreenSize {
    const { rows, columns } = this.#output;
    return rows > 0 && columns > 0 ? { rows, columns } : USUAL_WINDOW;
  }

  open(handler: TtyHandler): void {
    const input = this.#input;
    const output = this.#output;
    const onInput = (bytes: Uint8Array): void => handler.input(bytes);
    const onResize = (): void => handler.resized();
    const onDrain = (): void => handler.drained();
    const onEnd = (): void => handler.ended();
    // Stopped and continued, a shell has had the terminal in between.
    const onContinue = (): void => {
      this.#take();
      handler.resized();
    };
    // Whatever ends the process, an error that nobody catches too.
    const onExit = (): void => this.close();
    input.on('data', onInput).on('end', onEnd).on('error', onEnd);
    output.on('resize', onResize).on('drain', onDrain).on('error', onEnd);
    process.on('SIGCONT', onContinue).on('exit', onExit);
    this.#release = () => {
      input.off('data', onInput).off('end', onEnd).off('error', onEnd);
      output.off('resize', onResize).off('drain', onDrain).off('error', onEnd);
      process.off('SIGCONT', onContinue).off('exit', onExit);
      // A terminal that has gone reports errors even while it is given back.
      input.on('error', ignore);
      output.on('error', ignore);
      input.pause();
    };
    this.#take();
    input.resume();
  }

  write(text: string): boolean {
    return this.#output.write(text);
  }

  close(): void {
    const release = this.#release;
    if (release === undefined) return;
    this.#release = undefined;
    release();
    this.#output.write(GIVE_BACK);
    try {
      this.#input.setRawMode(false);
    } catch {
      // The terminal has gone: there is no mode left to restore.
    }
  }

  #take(): void {
    this.#input.setRawMode(true);
    this.#output.write(TAKE);
  }
}

/** As the environment tells it: NO_COLOR, TERM, COLORTERM. */
function paletteOf(output: WriteStream, env: Readonly<Record<string, string | undefined>>): Palette {
  if (env['NO_COLOR']) return 'none';
  const bits = output.getColorDepth({ ...env });
  if (bits >= 8) return '256';
  return bits >= 4 ? '16' : 'none';
}

function ignore(): void {}
