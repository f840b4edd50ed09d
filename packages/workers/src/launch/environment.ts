import { readFile, stat } from 'node:fs/promises';
import { workerError } from '../errors.ts';

/** Lines of `NAME=value` as a file of variables has them: comments, `export`, and quotes around a value are understood. */
export function parseEnvironment(text: string): Readonly<Record<string, string>> {
  const variables: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, name, value = ''] = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(line) ?? [];
    if (name !== undefined) variables[name] = unquoted(value);
  }
  return variables;
}

/** A value is what stands up to a comment, which a space comes before. */
function unquoted(text: string): string {
  const value = text.trimStart();
  const [, single] = /^'([^']*)'/.exec(value) ?? [];
  if (single !== undefined) return single;
  const [, double] = /^"((?:[^"\\]|\\.)*)"/.exec(value) ?? [];
  if (double !== undefined) return double.replaceAll(/\\(.)/g, (_whole, sign: string) => (sign === 'n' ? '\n' : sign));
  return text.replace(/\s#.*$/, '').trim();
}

/** Larger files are no lists of variables. */
const MAX_FILE_BYTES = 1_048_576;

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is none',
  ENOTDIR: 'a part of the path is no directory',
  EACCES: 'Roundhouse may not read it',
};

/** Raises WORKER_START_FAILED with the file that cannot be read. */
export async function readEnvironmentFile(worker: string, path: string): Promise<Readonly<Record<string, string>>> {
  try {
    const file = await stat(path);
    // What is no file may never end.
    if (!file.isFile()) throw new TypeError('it is no file');
    if (file.size > MAX_FILE_BYTES) throw new RangeError(`it is larger than ${MAX_FILE_BYTES} bytes`);
    return parseEnvironment(await readFile(path, 'utf8'));
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const reason = `the environment file ${path}: ${REASONS[code] ?? message}`;
    throw workerError('WORKER_START_FAILED', { details: { worker, stage: 'environment', reason }, cause });
  }
}
