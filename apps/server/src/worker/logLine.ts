import type { WorkerLogLine } from '@roundhouse/api';
import type { LogLine } from '@roundhouse/workers';
import { rfc3339 } from './shown.ts';

const NEWLINE = Buffer.from('\n');
const BRACE = '{'.charCodeAt(0);

export function lineShown({ instance, stream, at, bytes, isCut }: LogLine): WorkerLogLine {
  const text = new TextDecoder().decode(bytes);
  return {
    at: rfc3339(at),
    worker: instance.worker,
    instance: instance.number,
    stream,
    text,
    cut: isCut,
    json: bytes[0] === BRACE ? objectOf(text) : null,
  };
}

/** The bytes of a line with its end, behind the name of its instance where that has to be told. */
export function lineBytes({ instance, bytes, isCut }: LogLine, isNamed: boolean): Uint8Array {
  const name = isNamed ? [Buffer.from(`${instance.worker}/${instance.number} | `)] : [];
  // What is cut goes on in the next line; behind a name each piece is a line of its own.
  return Buffer.concat([...name, bytes, ...(isCut && !isNamed ? [] : [NEWLINE])]);
}

function objectOf(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
