import { readFile, stat } from 'node:fs/promises';
import { cliError } from './errors.ts';
import type { Input, Io } from './io.ts';

/** Most that is read from standard input or a file, bytes. */
const MAX_INPUT_BYTES = 16 * 1_048_576;

const KEY = { CtrlC: '\u0003', CtrlD: '\u0004', Backspace: '\u0008', CtrlU: '\u0015', Delete: '\u007f' } as const;

/** The whole of standard input. Raises ARGUMENT_INVALID when it is too large. */
export async function readInput(io: Io): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of inputOf(io)) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_INPUT_BYTES) throw tooLarge('standard input');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The whole of a file; `-` is standard input. Raises ARGUMENT_INVALID when it cannot be read, or is too large. */
export async function readText(file: string, io: Io): Promise<string> {
  return file === '-' ? readInput(io) : (await readBytes(file)).toString('utf8');
}

/** The whole of a file. Raises ARGUMENT_INVALID when it cannot be read, or is too large. */
export async function readBytes(file: string): Promise<Buffer> {
  try {
    if ((await stat(file)).size > MAX_INPUT_BYTES) throw tooLarge(`file "${file}"`);
    return await readFile(file);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    const reason = cause.code === 'ENOENT' ? 'there is none' : `it cannot be read (${cause.code})`;
    throw cliError('ARGUMENT_INVALID', { details: { argument: `file "${file}"`, reason }, cause });
  }
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

function tooLarge(argument: string): Error {
  return cliError('ARGUMENT_INVALID', { details: { argument, reason: `it has more than ${MAX_INPUT_BYTES} bytes` } });
}

export function inputOf({ stdin = process.stdin }: Io): Input {
  return stdin;
}

/**
 * Answers to questions that a terminal does not echo, one after another. Raises INPUT_INTERRUPTED when Ctrl-C or Ctrl-D
 * is pressed.
 */
export async function askHidden(questions: readonly string[], io: Io): Promise<readonly string[]> {
  const input = inputOf(io);
  const answers: string[] = [];
  input.setRawMode?.(true);
  try {
    io.stderr.write(questions[0] ?? '');
    let answer = '';
    for await (const key of keysOf(input)) {
      if (key === KEY.CtrlC || key === KEY.CtrlD) throw cliError('INPUT_INTERRUPTED');
      if (key === '\r' || key === '\n') {
        answers.push(answer);
        io.stderr.write('\n');
        if (answers.length === questions.length) return answers;
        io.stderr.write(questions[answers.length] as string);
        answer = '';
      } else if (key === KEY.Delete || key === KEY.Backspace) answer = [...answer].slice(0, -1).join('');
      else if (key === KEY.CtrlU) answer = '';
      else if (key >= ' ') answer += key;
    }
    throw cliError('INPUT_INTERRUPTED');
  } finally {
    input.setRawMode?.(false);
  }
}

async function* keysOf(input: Input): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    yield* typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
}
