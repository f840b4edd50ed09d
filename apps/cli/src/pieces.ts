import { open, rename } from 'node:fs/promises';
import { cliError } from './errors.ts';
import type { Io, Output } from './io.ts';
import { escapeControls, printable, writeJson } from './render.ts';

export interface PiecesOptions {
  /** A file; default: standard output. */
  readonly output?: string;
  readonly json?: boolean;
}

/** Writes what comes in pieces where the options say, and of a file how large it has become. Raises ARGUMENT_INVALID. */
export async function putPieces(
  pieces: AsyncIterable<Uint8Array>,
  { output, json }: PiecesOptions,
  { stdout }: Io,
): Promise<void> {
  if (output === undefined) return await writePieces(stdout, pieces);
  const bytes = await writePiecesTo(output, pieces);
  if (json === true) writeJson(stdout, { file: output, bytes });
  else stdout.write(`${printable(output)} is written: ${bytes} bytes\n`);
}

/** Writes text that comes in pieces, as fast as it is taken; on a terminal without what would steer it. */
async function writePieces(output: Output, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const piece of pieces) {
    const text = decoder.decode(piece, { stream: true });
    const hasRoom = output.write(output.isTTY === true ? escapeControls(printableText(text)) : text);
    if (hasRoom === false) await drained(output);
  }
}

function printableText(text: string): string {
  return printable(text.replaceAll('\r\n', '\n'), true);
}

function drained(output: Output): Promise<void> {
  return new Promise((resolve) => {
    if (output.once === undefined) resolve();
    else output.once('drain', resolve);
  });
}

/**
 * Writes bytes as they are into a file, for its owner alone; one that was cut off is left as FILE.part. Gives the number of
 * bytes. Raises ARGUMENT_INVALID.
 */
async function writePiecesTo(path: string, pieces: AsyncIterable<Uint8Array>): Promise<number> {
  const part = `${path}.part`;
  let bytes = 0;
  await using file = await open(part, 'w', 0o600).catch((cause: NodeJS.ErrnoException) => {
    throw cliError('ARGUMENT_INVALID', {
      details: { argument: part, reason: cause.code ?? 'it cannot be written' },
      cause,
    });
  });
  for await (const piece of pieces) {
    bytes += piece.byteLength;
    await file.appendFile(piece);
  }
  await file.sync();
  await rename(part, path);
  return bytes;
}
