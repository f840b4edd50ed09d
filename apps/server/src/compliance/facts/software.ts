import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { FactProvider, GatheredFacts } from '@roundhouse/audit/compliance';
import type { Clock, Scope } from '@roundhouse/core';
import { digestOf, type EvidenceFiles, orUnknown, readJson, readText } from './evidenceFile.ts';

export interface SoftwareFactsSources {
  readonly files: () => EvidenceFiles;
  readonly clock: Clock;
}

const DAY_MS = 86_400_000;
const MAX_MANIFEST_FILES = 100_000;
/** Files that are named as changed; the number that matters is none. */
const MAX_NAMED = 100;

/** What files say that were made outside: bill of materials, known vulnerabilities, digests of what is installed. */
export function softwareFacts({ files, clock }: SoftwareFactsSources): FactProvider {
  return {
    name: 'software',
    names: [
      'software.changed_files',
      'software.dependency_audit_age_days',
      'software.has_sbom',
      'software.manifest_files',
      'software.vulnerable_dependencies',
    ],
    async gather(scope) {
      const evidence = files();
      const [first, second, third] = await Promise.all([
        orUnknown(['software.has_sbom'], evidence, 'sbom_file', (file) => sbomFacts(file)),
        orUnknown(
          ['software.dependency_audit_age_days', 'software.vulnerable_dependencies'],
          evidence,
          'dependency_audit_file',
          (file) => auditFacts(file, clock.now()),
        ),
        orUnknown(['software.changed_files', 'software.manifest_files'], evidence, 'manifest_file', (file) =>
          manifestFacts(file, scope),
        ),
      ]);
      return { ...first, ...second, ...third };
    },
  };
}

async function sbomFacts(file: string): Promise<GatheredFacts> {
  const { bomFormat, spdxVersion, components, packages } = await readJson(file);
  const isCycloneDx = bomFormat === 'CycloneDX' && isFilled(components);
  const isSpdx = typeof spdxVersion === 'string' && isFilled(packages);
  return { 'software.has_sbom': isCycloneDx || isSpdx };
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

/** The report of `npm audit --json`, version 2: `metadata.vulnerabilities` counts by severity. */
async function auditFacts(file: string, now: number): Promise<GatheredFacts> {
  const [{ metadata }, { mtimeMs }] = await Promise.all([readJson(file), stat(file)]);
  const { high, critical } =
    (metadata as { vulnerabilities?: { high?: unknown; critical?: unknown } } | undefined)?.vulnerabilities ?? {};
  if (typeof high !== 'number' || typeof critical !== 'number') throw new Error('it is no report of npm audit');
  return {
    'software.dependency_audit_age_days': Math.max(0, now - mtimeMs) / DAY_MS,
    'software.vulnerable_dependencies': high + critical,
  };
}

/** A line as `sha256sum` writes it: digest, blank, blank or `*`, name. */
const MANIFEST_LINE = /^([0-9a-f]{64}) [ *](.+)$/;

async function manifestFacts(file: string, scope: Scope): Promise<GatheredFacts> {
  const lines = (await readText(file)).split('\n').filter((line) => line !== '');
  if (lines.length > MAX_MANIFEST_FILES) throw new Error(`it names more than ${MAX_MANIFEST_FILES} files`);
  const changed: string[] = [];
  for (const line of lines) {
    scope.throwIfEnded();
    const [, digest, name] = MANIFEST_LINE.exec(line) ?? [];
    if (digest === undefined || name === undefined) throw new Error('it is not as sha256sum writes it');
    const found = await digestOf(resolve(dirname(file), name), scope).catch(() => undefined);
    if (found !== digest && changed.length < MAX_NAMED) changed.push(name);
  }
  scope.throwIfEnded();
  return { 'software.changed_files': changed, 'software.manifest_files': lines.length };
}
