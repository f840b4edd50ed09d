import { isAbsolute, resolve as resolvePath } from 'node:path';
import type { Scope } from '@roundhouse/core';
import type { ConfigCode } from '../errors.ts';
import type { Files } from '../files.ts';
import type { Limits } from '../limits.ts';
import { type ConfigNode, eachScalar } from '../node.ts';
import type { Source } from '../source.ts';
import { reasonOf } from '../systemError.ts';
import { parseSubstitution } from './substitution.ts';

export type FileText =
  | { readonly text: string }
  | { readonly code: ConfigCode; readonly details: Readonly<Record<string, unknown>> };

/** What `${file:…}` stands for, by path. */
export type FileTexts = ReadonlyMap<string, FileText>;

/** The path as it is read: relative ones start from the file that names them. */
export function fileRequest(file: string, source: Source): string {
  return isAbsolute(file) || source.directory === undefined ? file : resolvePath(source.directory, file);
}

/** Reads every file that some `${file:…}` below `root` names. */
export async function readValueFiles(root: ConfigNode, files: Files, limits: Limits, scope: Scope): Promise<FileTexts> {
  const paths = new Set<string>();
  eachScalar(root, ({ value, place }) => {
    if (typeof value !== 'string' || !value.includes('${file:')) return;
    for (const part of parseSubstitution(value)) {
      if (part.kind === 'file') paths.add(fileRequest(part.file, place.source));
    }
  });
  const read = async (path: string): Promise<[string, FileText]> => [path, await readText(path, files, limits, scope)];
  return new Map(await Promise.all([...paths].map(read)));
}

/** The text of a small file, without the newline at its end. */
export async function readText(path: string, files: Files, limits: Limits, scope: Scope): Promise<FileText> {
  if (!isAbsolute(path)) return unreadable(path, 'a relative path needs a file to start from');
  let bytes: Uint8Array;
  try {
    bytes = await scope.race(files.read(path, limits.maxValueBytes));
  } catch (error) {
    scope.throwIfEnded();
    return unreadable(path, reasonOf(error));
  }
  if (bytes.length > limits.maxValueBytes) {
    return { code: 'CONFIG_FILE_TOO_LARGE', details: { file: path, limit: limits.maxValueBytes } };
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '') };
  } catch {
    return unreadable(path, 'it is not UTF-8');
  }
}

function unreadable(file: string, reason: string): FileText {
  return { code: 'CONFIG_FILE_UNREADABLE', details: { file, reason } };
}
