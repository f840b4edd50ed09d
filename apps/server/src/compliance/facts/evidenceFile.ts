import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { type GatheredFacts, UnknownFact } from '@roundhouse/audit/compliance';
import type { Scope } from '@roundhouse/core';
import type { ComplianceOptions } from '../options.ts';

/** Files that are made outside, by the name of the option that names them. */
export type EvidenceFiles = NonNullable<ComplianceOptions['evidence']>;

const MAX_BYTES = 64 * 1_048_576;

/** What a file says; one that cannot be read does not hide what others say. */
export async function orUnknown(
  names: ReadonlyArray<keyof GatheredFacts>,
  files: EvidenceFiles,
  field: keyof EvidenceFiles,
  read: (file: string) => Promise<GatheredFacts>,
): Promise<GatheredFacts> {
  const unknown = (code: string, reason: string): GatheredFacts =>
    Object.fromEntries(names.map((name) => [name, new UnknownFact(code, reason)]));
  const file = files[field];
  if (file === undefined) return unknown('NOT_SUPPORTED', `compliance.evidence.${field} names no file`);
  try {
    return await read(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return unknown('FACT_SOURCE_FAILED', `${file}: ${code ?? message}`);
  }
}

export async function readText(file: string): Promise<string> {
  if ((await stat(file)).size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
  return await readFile(file, 'utf8');
}

export async function readJson(file: string): Promise<Readonly<Record<string, unknown>>> {
  const value: unknown = JSON.parse(await readText(file));
  if (typeof value !== 'object' || value === null) throw new Error('it is no JSON object');
  return value as Readonly<Record<string, unknown>>;
}

/** SHA-256, hexadecimal. */
export async function digestOf(file: string, { signal }: Scope): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { signal }) as AsyncIterable<Buffer>) hash.update(chunk);
  return hash.digest('hex');
}
