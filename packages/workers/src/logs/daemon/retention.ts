import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@roundhouse/core';
import type { Stream } from '../contract.ts';
import { type SealedFile, sealedFiles, sealedName, UNFINISHED_SUFFIX } from '../layout.ts';

export interface RetentionRule {
  readonly directory: string;
  readonly stream: Stream;
  readonly maxFiles: number;
  readonly maxAgeMs: number | undefined;
}

/** Removes segments that are too many or too old, and what a kill has left half done. */
export function retain({ directory, stream, maxFiles, maxAgeMs }: RetentionRule, clock: Pick<Clock, 'now'>): void {
  const names = readdirSync(directory);
  for (const name of names)
    if (name.startsWith(`${stream}.`) && name.endsWith(UNFINISHED_SUFFIX)) remove(join(directory, name));
  const compressed = sealedFiles(names, stream, 'compressed');
  // A segment is compressed once its new file has its name: the plain one is left by a kill right then.
  const isCompressed = (file: SealedFile): boolean => compressed.some((each) => each.from === file.from);
  const plain = sealedFiles(names, stream, 'plain');
  for (const file of plain) if (isCompressed(file)) remove(join(directory, sealedName(file)));
  const kept = [...compressed, ...plain.filter((file) => !isCompressed(file))].toSorted((a, b) => a.from - b.from);
  const oldest = maxAgeMs === undefined ? -Infinity : clock.now() - maxAgeMs;
  const wanted = new Set<number>();
  kept.forEach((file, at) => {
    const path = join(directory, sealedName(file));
    const changedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
    if (at >= kept.length - maxFiles && changedAt >= oldest) wanted.add(file.from);
    else remove(path);
  });
  for (const index of sealedFiles(names, stream, 'index'))
    if (!wanted.has(index.from)) remove(join(directory, sealedName(index)));
}

function remove(path: string): void {
  rmSync(path, { force: true });
}
