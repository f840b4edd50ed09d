import type { WorkerLogLine } from '@roundhouse/api';
import type { Output } from '../io.ts';
import { printable, writeJsonLine } from '../render.ts';

export interface LogPrinterOptions {
  readonly isJson: boolean;
  /** Whether prefixes have a colour, and lines may have theirs. */
  readonly hasColor: boolean;
  /** Whether the output is a terminal, which lines must not steer. */
  readonly isTerminal: boolean;
  readonly withTimes: boolean;
  /** The names that lines may come from, as far as they are known; none: lines have no prefix. */
  readonly sources: readonly string[];
  /** How a line's source is called. */
  readonly nameOf: (line: WorkerLogLine) => string;
}

/** SGR parameters of the prefixes, in turn. */
const COLORS = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94] as const;

const ESC = '\u001b';
const PLAIN = `${ESC}[0m`;

/** Colours and the like: what a terminal may be told to do by a line. */
const SGR = new RegExp(`(${ESC}\\[[\\d;:]*m)`);

/** Writes lines of logs: behind the name of where each comes from, `|` for stdout and `!` for stderr. */
export class LogPrinter {
  readonly #options: LogPrinterOptions;
  readonly #output: Output;
  readonly #colors = new Map<string, number>();
  #width: number;

  constructor(options: LogPrinterOptions, output: Output) {
    this.#options = options;
    this.#output = output;
    this.#width = Math.max(0, ...options.sources.map(({ length }) => length));
    for (const source of options.sources) this.#colorOf(source);
  }

  write(line: WorkerLogLine): void {
    const { isJson, withTimes, sources } = this.#options;
    if (isJson) return writeJsonLine(this.#output, line);
    const prefix = sources.length === 0 ? '' : this.#prefix(line);
    const time = withTimes ? `${line.at} ` : '';
    // Without anything before it, the next part of a long line goes on where this one ends.
    const isWhole = prefix + time !== '' || !line.cut;
    this.#output.write(`${prefix}${time}${this.#text(line.text)}${isWhole ? '\n' : ''}`);
  }

  #prefix(line: WorkerLogLine): string {
    const name = this.#options.nameOf(line);
    this.#width = Math.max(this.#width, name.length);
    const text = `${printable(name).padEnd(this.#width)} ${line.stream === 'stderr' ? '!' : '|'} `;
    return this.#options.hasColor ? `${ESC}[${this.#colorOf(name)}m${text}${PLAIN}` : text;
  }

  #colorOf(name: string): number {
    const known = this.#colors.get(name);
    if (known !== undefined) return known;
    const color = COLORS[this.#colors.size % COLORS.length] as number;
    this.#colors.set(name, color);
    return color;
  }

  #text(text: string): string {
    const { isTerminal, hasColor } = this.#options;
    if (!isTerminal) return text;
    const parts = text.split(SGR);
    const isStyled = hasColor && parts.length > 1;
    // Every other part is a sequence.
    const shown = parts.map((part, index) => (index % 2 === 1 ? (hasColor ? part : '') : visible(part))).join('');
    return isStyled ? `${shown}${PLAIN}` : shown;
  }
}

function visible(text: string): string {
  return text
    .split('\t')
    .map((part) => printable(part))
    .join('\t');
}
