import { dirname, join } from 'node:path';
import type { Scope } from '@roundhouse/core';
import type { z } from 'zod';
import { tellIssues, passagesTo, placeOf, startOf } from './check/issues.ts';
import { checkIds, checkReferences } from './check/references.ts';
import { plainOf, settle } from './check/settle.ts';
import { finish, keysOf, type Merging, mergeWhole } from './compose/merge.ts';
import { applyOverrides, applySettings, applyVariables, type Override } from './compose/overlay.ts';
import { resolve } from './compose/resolve.ts';
import { resolveSecrets, type SecretResolver } from './compose/secrets.ts';
import { declareTemplates } from './compose/templates.ts';
import { readValueFiles } from './compose/valueFiles.ts';
import type { Definition, Finding } from './definition.ts';
import { type ConfigDocument, isSecretPath, pathFormat } from './document.ts';
import type { Files } from './files.ts';
import { readChain, readDirectory, readProfile, type Reading } from './layers.ts';
import { DEFAULT_LIMITS, type Limits } from './limits.ts';
import { type MapNode, nodeAt } from './node.ts';
import { type Path, parsePattern } from './path.ts';
import type { Diagnostic, Phase } from './report/diagnostic.ts';
import { Faults } from './report/faults.ts';
import type { Masks } from './report/excerpt.ts';
import { masksOf } from './report/masks.ts';
import { type Place, wholeOf, namedSource } from './source.ts';

/** What a configuration is made of, weakest first. */
export interface Sources {
  /** A packaged profile of the definition. */
  readonly profile?: string;
  /** The main file; it may extend others. */
  readonly file?: string;
  /** Directory of further files. Default: `conf.d` beside the main file, if it is there. */
  readonly directory?: string;
  /** Settings of the command line: `path=value`. */
  readonly settings?: readonly string[];
  readonly overrides?: readonly Override[];
}

export interface LoadDeps {
  readonly files: Files;
  /** Environment variables, for `${…}` and for the layer of the environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly scope: Scope;
  /** Without one, `secret://…` stays as it is written, and the schema says whether that will do. */
  readonly secrets?: SecretResolver;
  readonly limits?: Partial<Limits>;
  /** Whether the machine is asked too (ports, paths, limits). Default true. */
  readonly isMachineChecked?: boolean;
}

export type Loaded<T> =
  | {
      readonly ok: true;
      readonly value: T;
      readonly document: ConfigDocument;
      readonly warnings: readonly Diagnostic[];
    }
  | {
      readonly ok: false;
      readonly diagnostics: readonly Diagnostic[];
      /** Errors beyond the limit of diagnostics. */
      readonly omitted: number;
      /** Every file that was read or looked for: what to watch until it is right. */
      readonly paths: readonly string[];
    };

/**
 * Reads, composes and checks a configuration. All faults of a phase are told at once, and those of later phases that
 * do not follow from them. Faults never throw; the end of the scope does, with its reason.
 */
export async function loadConfig<S extends z.ZodObject>(
  definition: Definition<S>,
  sources: Sources,
  deps: LoadDeps,
): Promise<Loaded<z.output<S>>> {
  const { scope } = deps;
  const limits: Limits = { ...DEFAULT_LIMITS, ...deps.limits };
  const faults = new Faults(limits.maxDiagnostics);
  const keyOf = keysOf(definition.keyedLists ?? []);
  const secrets = (definition.secrets ?? []).map(parsePattern);
  const reading: Reading = { files: deps.files, scope, limits, faults, paths: [] };
  const layers = await readLayers(definition.profiles ?? {}, sources, reading);
  const paths = [...new Set(reading.paths)];
  const masksFor = (roots: readonly MapNode[], isUnderstood: boolean): Masks =>
    masksOf(roots, secrets, definition.schema, isUnderstood);
  const failed = (root?: MapNode): Loaded<z.output<S>> => ({
    ok: false,
    ...faults.report(() => masksFor([...layers, ...(root === undefined ? [] : [root])], root !== undefined)),
    paths,
  });
  // What could not be read cannot be judged.
  if (faults.hasErrors) return failed();

  const root = await compose(layers, definition, sources, deps, { keyOf, faults }, limits);
  const format = pathFormat(root, keyOf);
  const plain = plainOf(root);
  const checked = definition.schema.safeParse(plain, { reportInput: false });
  const isSecret = (path: Path): boolean => isSecretPath(secrets, path);
  const faulty = checked.success
    ? []
    : tellIssues(checked.error.issues, { root, schema: definition.schema, faults, format, isSecret });
  const context = { root, value: plain, faults, format, faulty };
  checkIds(definition.keyedLists ?? [], context);
  checkReferences(definition.references ?? [], context);
  if (!checked.success || faults.hasErrors) return failed(root);

  const value = checked.data;
  const tell = (phase: Phase, found: Iterable<Finding>): void => {
    for (const finding of found) tellFinding(phase, finding, root, faults, format);
  };
  for (const check of definition.conflicts ?? []) tell('conflicts', await scope.race(Promise.resolve(check(value))));
  if (deps.isMachineChecked !== false && !faults.hasErrors) {
    const found = await scope.race(Promise.all((definition.environment ?? []).map((check) => check(value, scope))));
    tell('environment', found.flat());
  }
  if (faults.hasErrors) return failed(root);
  const expiresAt = firstEnd(sources.overrides ?? [], scope.clock.now());
  return {
    ok: true,
    value,
    document: { root, paths, expiresAt, keyOf, secrets },
    warnings: faults.report(() => masksFor([...layers, root], true)).diagnostics,
  };
}

/** Profile, main file with what it extends, and directory; weakest first. */
async function readLayers(
  profiles: Readonly<Record<string, string>>,
  { profile, file, directory }: Sources,
  reading: Reading,
): Promise<MapNode[]> {
  const layers: MapNode[] = [];
  const packaged = profile === undefined ? undefined : readProfile(profile, profiles, reading);
  if (packaged !== undefined) layers.push(packaged);
  if (file !== undefined) layers.push(...(await readChain(file, 'file', reading)));
  const further = directory ?? (file === undefined ? undefined : join(dirname(file), 'conf.d'));
  if (further !== undefined) layers.push(...(await readDirectory(further, directory === undefined, reading)));
  return layers;
}

/** One tree of all layers: templates and substitutions done, secrets resolved, defaults filled in. */
async function compose<S extends z.ZodObject>(
  layers: readonly MapNode[],
  definition: Definition<S>,
  sources: Sources,
  deps: LoadDeps,
  merging: Merging,
  limits: Limits,
): Promise<MapNode> {
  const { files, variables, scope } = deps;
  const { schema, variablePrefix = 'ROUNDHOUSE__' } = definition;
  let root: MapNode = { kind: 'map', place: layers[0]?.place ?? NOWHERE, entries: new Map() };
  for (const [index, layer] of layers.entries()) root = mergeWhole(index === 0 ? undefined : root, layer, [], merging);
  const templates = declareTemplates(root.entries.get('templates')?.value, merging);
  const texts = await readValueFiles(root, files, limits, scope);
  root = finish(resolve(withoutAids(root), { ...merging, templates, variables, texts, limits }), merging);
  const overlay = { ...merging, schema };
  root = applyVariables(root, variables, variablePrefix, overlay);
  root = applySettings(root, sources.settings ?? [], overlay);
  root = applyOverrides(root, sources.overrides ?? [], scope.clock.now(), overlay);
  if (deps.secrets !== undefined) root = await resolveSecrets(root, deps.secrets, scope, merging.faults);
  return settle(root, schema, merging.faults);
}

const NOWHERE = wholeOf(namedSource('defaults', 'default'));

/** Without templates, and without the keys that only hold anchors: those that begin with `x-`. */
function withoutAids(root: MapNode): MapNode {
  const entries = [...root.entries].filter(([key]) => key !== 'templates' && !key.startsWith('x-'));
  return { ...root, entries: new Map(entries) };
}

function tellFinding(
  phase: Phase,
  finding: Finding,
  root: MapNode,
  faults: Faults,
  format: (path: Path) => string,
): void {
  faults.add({
    phase,
    severity: finding.severity ?? 'error',
    code: finding.code ?? 'CONFIG_CONFLICT',
    place: placeFor(root, finding.path),
    path: format(finding.path),
    details: { path: format(finding.path), ...finding.details },
    expected: finding.expected,
    suggestion: finding.suggestion,
    hint: finding.hint,
    related: [
      ...(finding.related ?? []).map(({ path, message }) => ({ message, place: placeFor(root, path) })),
      ...passagesTo(root, finding.path),
    ],
  });
}

function placeFor(root: MapNode, path: Path): Place {
  const node = nodeAt(root, path);
  return node === undefined ? startOf(root, path.slice(0, -1)) : placeOf(root, path, node);
}

function firstEnd(overrides: readonly Override[], now: number): number | undefined {
  const ends = overrides.flatMap(({ expiresAt }) => (expiresAt !== undefined && expiresAt > now ? [expiresAt] : []));
  return ends.length === 0 ? undefined : Math.min(...ends);
}
