import { isAbsolute } from 'node:path';
import { type Scope, Secret } from '@roundhouse/core';
import { z } from 'zod';
import { configError } from '../errors.ts';
import type { Files } from '../files.ts';
import { DEFAULT_LIMITS, type Limits } from '../limits.ts';
import { type ConfigNode, eachScalar, leaves, mapItems, mapValues, type MapNode, type ScalarNode } from '../node.ts';
import { formatPath } from '../path.ts';
import type { Faults } from '../report/faults.ts';
import { readText } from './valueFiles.ts';

const SCHEME = 'secret://';

/** Finds what a `secret://…` reference stands for. Raises CONFIG_SECRET_UNRESOLVED. */
export type SecretResolver = (reference: string, scope: Scope) => Promise<Secret>;

/** Text that the configuration holds as a `Secret`; `inner` says what text it may be. */
export function secretText(inner: z.ZodType<string, string> = z.string().min(1)) {
  return inner.transform((text) => new Secret(text));
}

/** Resolves `secret://file/absolute/path` (without the newline at its end) and `secret://env/NAME`. */
export function systemSecrets(
  files: Files,
  variables: Readonly<Record<string, string | undefined>>,
  limits: Limits = DEFAULT_LIMITS,
): SecretResolver {
  return async (reference, scope) => {
    const [, kind, name = ''] = /^secret:\/\/([^/]*)(?:\/(.*))?$/s.exec(reference) ?? [];
    const fail = (reason: string): Error => configError('CONFIG_SECRET_UNRESOLVED', { details: { reference, reason } });
    if (kind === 'env') {
      const value = variables[name];
      if (value === undefined || value === '') throw fail('the environment variable is not set');
      return new Secret(value);
    }
    if (kind !== 'file') throw fail('it begins neither with secret://file/ nor with secret://env/');
    const found = await readText(isAbsolute(name) ? name : `/${name}`, files, limits, scope);
    if ('text' in found) {
      if (found.text === '') throw fail('the file is empty');
      return new Secret(found.text);
    }
    const { reason, limit } = found.details;
    throw fail(typeof reason === 'string' ? reason : `the file is larger than ${String(limit)} bytes`);
  };
}

export function isReference(node: ConfigNode): node is ScalarNode & { readonly value: string } {
  return node.kind === 'scalar' && typeof node.value === 'string' && node.value.startsWith(SCHEME);
}

/** Puts secrets in the place of their references; each reference is asked for once. */
export async function resolveSecrets(
  root: MapNode,
  resolver: SecretResolver,
  scope: Scope,
  faults: Faults,
): Promise<MapNode> {
  const references = new Set<string>();
  eachScalar(root, (node) => {
    if (isReference(node)) references.add(node.value);
  });
  if (references.size === 0) return root;
  const found = new Map<string, Secret>();
  await Promise.all(
    [...references].map(async (reference) => {
      try {
        found.set(reference, await scope.race(resolver(reference, scope)));
      } catch (error) {
        scope.throwIfEnded();
        const reason = reasonOf(error);
        for (const { node, path } of leaves(root)) {
          if (!isReference(node) || node.value !== reference) continue;
          const details = { reference, reason };
          faults.add({
            phase: 'composition',
            code: 'CONFIG_SECRET_UNRESOLVED',
            place: node.place,
            path: formatPath(path),
            details,
          });
        }
      }
    }),
  );
  return replace(root, found) as MapNode;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason: unknown = 'details' in error && (error.details as Record<string, unknown>)['reason'];
  return typeof reason === 'string' ? reason : error.message;
}

function replace(node: ConfigNode, found: ReadonlyMap<string, Secret>): ConfigNode {
  if (node.kind === 'list') return mapItems(node, (item) => replace(item, found));
  if (node.kind === 'map') return mapValues(node, (value) => replace(value, found));
  if (!isReference(node)) return node;
  const secret = found.get(node.value);
  if (secret === undefined) return { ...node, isBroken: true };
  return { ...node, value: secret.reveal(), reference: node.value };
}
