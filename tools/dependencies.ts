/**
 * The dependency rule (docs/ARCHITECTURE.md): which package may know which, and inside tn3270 which folder. Prints what
 * breaks it and what to do instead.
 */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Import, importsOf } from './imports.ts';

/** Floors of the house: a package may know packages of its own floor and of those below. */
const FLOORS: Readonly<Record<string, number>> = {
  core: 1,
  api: 1,
  resilience: 2,
  audit: 2,
  config: 2,
  store: 2,
  net: 3,
  traffic: 4,
  protocols: 5,
  p2p: 5,
  tn3270: 5,
  sessions: 6,
  workers: 6,
  server: 7,
  cli: 7,
  dashboard: 7,
};

/** Neighbours that never import each other: they meet in apps/server. */
const APART: readonly (readonly string[])[] = [['sessions', 'workers']];

/** Stand outside the house and may know all of it. */
const OUTSIDE = new Set(['bench', 'tools']);

/** Used in development only: by tests and by those outside. */
const DEVELOPMENT = new Set(['testing']);

/** Apps that know the server through its API alone; `lazily` allows the rest behind `import()`. */
const API_CLIENTS: Readonly<Record<string, { readonly knows: readonly string[]; readonly lazily: boolean }>> = {
  cli: { knows: ['api', 'core'], lazily: true },
  dashboard: { knows: ['api'], lazily: false },
};

/**
 * Inside tn3270: the folders that each folder may know. Files beside the folders are known to all, and so are the types
 * of the pure folders, telnet's apart.
 */
const PURE = ['codepage', 'datastream', 'keyboard', 'nvt', 'screen', 'telnet', 'terminal'];
const TN3270_FOLDERS: Readonly<Record<string, readonly string[]>> = {
  codepage: [],
  datastream: ['codepage'],
  telnet: [],
  screen: ['datastream', 'codepage'],
  keyboard: ['screen', 'datastream', 'codepage'],
  nvt: ['screen', 'datastream', 'codepage'],
  terminal: ['keyboard', 'nvt', 'screen', 'datastream', 'codepage'],
  session: PURE,
  host: PURE,
};
/** The folders of tn3270 that do I/O. */
const TN3270_EDGE = new Set(['session', 'host']);

const SCOPE = '@roundhouse/';
const builtins = new Set(builtinModules);

export interface Violation {
  /** `path:line`, relative to the root. */
  readonly where: string;
  readonly what: string;
  readonly instead: string;
}

interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

interface Package {
  /** `net` for `@roundhouse/net`. */
  readonly name: string;
  /** Relative to the root. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly sources: readonly Source[];
}

interface Source {
  /** Relative to the root. */
  readonly path: string;
  readonly isTest: boolean;
  readonly imports: readonly Import[];
}

/** All that breaks the rule in the checkout at `root`. */
export function checkDependencies(root: string): Violation[] {
  const packages = new Map(findPackages(root).map((each) => [each.name, each]));
  const rootManifest = readManifest(join(root, 'package.json'));
  const violations: Violation[] = [];
  for (const each of packages.values()) {
    if (FLOORS[each.name] === undefined && !OUTSIDE.has(each.name) && !DEVELOPMENT.has(each.name)) {
      violations.push({
        where: join(each.folder, 'package.json'),
        what: `${each.name} stands on no floor`,
        instead: 'Give it one in tools/dependencies.ts and docs/ARCHITECTURE.md.',
      });
      continue;
    }
    const eager = eagerSources(each);
    for (const source of each.sources) {
      for (const one of source.imports) {
        const complaint =
          checkDeclared(one, source, each, rootManifest) ??
          (one.specifier.startsWith('.')
            ? checkRelative(one, source, each)
            : checkPackage(one, source, each, packages, eager.has(source.path)));
        if (complaint !== undefined) violations.push({ where: `${source.path}:${one.line}`, ...complaint });
      }
    }
  }
  return [...violations, ...checkReasons(root, packages.values())];
}

type Complaint = Omit<Violation, 'where'> | undefined;

function checkDeclared({ specifier, kind }: Import, source: Source, owner: Package, root: Manifest): Complaint {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return undefined;
  const name = packageOf(specifier);
  if (builtins.has(name)) return { what: `names the built-in module ${name}`, instead: `Write node:${specifier}.` };
  const { dependencies, optionalDependencies, devDependencies } = owner.manifest;
  if (name === owner.manifest.name)
    return { what: 'imports its own package', instead: 'Import the file by its relative path.' };
  if (dependencies?.[name] !== undefined || optionalDependencies?.[name] !== undefined) return undefined;
  const isDevelopment = source.isTest || kind === 'type' || OUTSIDE.has(owner.name) || DEVELOPMENT.has(owner.name);
  if (isDevelopment && (devDependencies?.[name] ?? root.devDependencies?.[name]) !== undefined) return undefined;
  // Workspaces see each other in tests without a manifest that would go round in a circle.
  if (source.isTest && name === `${SCOPE}testing`) return undefined;
  if (owner.name === 'tools' && name.startsWith(SCOPE)) return undefined;
  return {
    what: `imports ${name}, which ${join(owner.folder, 'package.json')} does not declare`,
    instead: `Add it there${source.isTest ? ' under devDependencies' : ''}, with its exact version.`,
  };
}

function checkRelative({ specifier, kind }: Import, source: Source, owner: Package): Complaint {
  const target = normalize(join(dirname(source.path), specifier));
  if (owner.folder !== 'tools' && !target.startsWith(`${owner.folder}/`)) {
    return { what: `reaches into ${target}`, instead: 'Import the package by its name, through its exports.' };
  }
  if (owner.name !== 'tn3270' || source.isTest) return undefined;
  const from = folderIn(owner, source.path);
  const to = folderIn(owner, target);
  if (from === undefined || to === undefined || from === to) return undefined;
  const known = TN3270_FOLDERS[from];
  if (known === undefined || TN3270_FOLDERS[to] === undefined) {
    const stranger = known === undefined ? from : to;
    return { what: `${stranger}/ has no place inside tn3270`, instead: 'Give it one in tools/dependencies.ts.' };
  }
  if (known.includes(to) || (kind === 'type' && to !== 'telnet' && PURE.includes(to))) return undefined;
  return {
    what: `${from}/ may not know ${to}/ (it knows ${known.join(', ') || 'none of the folders'})`,
    instead:
      'Take the value as a parameter, declare the type where both may see it, or join the two in session/ or host/.',
  };
}

function checkPackage(
  { specifier, kind }: Import,
  source: Source,
  owner: Package,
  packages: ReadonlyMap<string, Package>,
  isEager: boolean,
): Complaint {
  if (!specifier.startsWith(SCOPE)) return undefined;
  const name = packageOf(specifier).slice(SCOPE.length);
  const target = packages.get(name);
  if (target === undefined)
    return { what: `imports ${specifier}, which is not in this house`, instead: 'Check the name.' };
  const subpath = specifier.slice(SCOPE.length + name.length);
  if (target.manifest.exports?.[`.${subpath}`] === undefined) {
    return {
      what: `imports ${specifier}, which ${name} does not export`,
      instead: `Import from ${SCOPE}${name}, or add the subpath to its exports when it is meant for others.`,
    };
  }
  if (OUTSIDE.has(owner.name) || DEVELOPMENT.has(owner.name)) return undefined;
  if (DEVELOPMENT.has(name)) {
    return source.isTest
      ? undefined
      : { what: `imports ${specifier} outside of a test`, instead: 'Move what is needed out of it.' };
  }
  const floor = FLOORS[owner.name] as number;
  const other = FLOORS[name];
  if (other === undefined || other > floor) {
    return {
      what: `${owner.name} (floor ${floor}) may not look up to ${name}${other === undefined ? '' : ` (floor ${other})`}`,
      instead: 'Move the shared part down, or let the upper package pass it in through an interface.',
    };
  }
  if (APART.some((group) => group.includes(owner.name) && group.includes(name))) {
    return { what: `${owner.name} may not know ${name}`, instead: 'Let them meet in apps/server.' };
  }
  const client = API_CLIENTS[owner.name];
  if (client !== undefined && !client.knows.includes(name) && kind !== 'type') {
    const isLazy = client.lazily && (kind === 'dynamic' || !isEager);
    if (!isLazy && !source.isTest) {
      return {
        what: `${owner.name} knows the server through ${client.knows.join(' and ')} alone, not ${name}`,
        instead: client.lazily
          ? 'Use the client of api, or load it with import() inside the command.'
          : 'Use the client of api.',
      };
    }
  }
  if (
    owner.name === 'tn3270' &&
    name === 'net' &&
    !source.isTest &&
    !TN3270_EDGE.has(folderIn(owner, source.path) ?? '')
  ) {
    return {
      what: 'only session/ and host/ of tn3270 may touch net',
      instead: 'Work on bytes, and let session/ or host/ move them.',
    };
  }
  return undefined;
}

/** Every run-time dependency from outside has a row in docs/dependencies.md that says why. */
function checkReasons(root: string, packages: Iterable<Package>): Violation[] {
  const page = 'docs/dependencies.md';
  const text = existsSync(join(root, page)) ? readFileSync(join(root, page), 'utf8') : '';
  const reasons = new Set([...text.matchAll(/^\|\s*`?([^\s`|]+)`?\s*\|/gm)].map(([, name]) => name));
  const violations: Violation[] = [];
  for (const { name, folder, manifest } of packages) {
    if (OUTSIDE.has(name) || DEVELOPMENT.has(name)) continue;
    for (const dependency of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (dependency.startsWith(SCOPE) || reasons.has(dependency)) continue;
      violations.push({
        where: join(folder, 'package.json'),
        what: `depends on ${dependency} without a reason`,
        instead: `Add a row for it to the table in ${page}, or do without it.`,
      });
    }
  }
  return violations;
}

/** The sources that are loaded as soon as the package is: all but those that only an `import()` leads to. */
function eagerSources({ sources }: Package): Set<string> {
  const targets = (source: Source, isDynamic: boolean): string[] =>
    source.imports
      .filter(
        ({ specifier, kind }) => specifier.startsWith('.') && kind !== 'type' && (kind === 'dynamic') === isDynamic,
      )
      .map(({ specifier }) => normalize(join(dirname(source.path), specifier)));
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const named = new Set(sources.flatMap((source) => [...targets(source, true), ...targets(source, false)]));
  const eager = new Set<string>();
  const visit = (path: string): void => {
    const source = byPath.get(path);
    if (source === undefined || eager.has(path)) return;
    eager.add(path);
    for (const target of targets(source, false)) visit(target);
  };
  for (const { path, isTest } of sources) if (!isTest && !named.has(path)) visit(path);
  return eager;
}

function findPackages(root: string): Package[] {
  const manifests = globSync(['packages/*/package.json', 'apps/*/package.json', 'bench/package.json'], { cwd: root });
  const packages = manifests.sort().map((path) => {
    const manifest = readManifest(join(root, path));
    const name = manifest.name.slice(SCOPE.length);
    return {
      name,
      folder: dirname(path),
      manifest,
      sources: readSources(root, `${dirname(path)}/{src,bin}/**/*.{ts,tsx,js}`),
    };
  });
  // The tools have no manifest of their own: what they need is in the root's.
  const tools = { name: 'tools', folder: 'tools', manifest: readManifest(join(root, 'package.json')) };
  return [...packages, { ...tools, sources: readSources(root, 'tools/*.ts') }];
}

function readSources(root: string, pattern: string): Source[] {
  return globSync(pattern, { cwd: root })
    .filter((path) => !path.includes('node_modules'))
    .sort()
    .map((path) => ({
      path,
      isTest: /\.(test|fixture)\.tsx?$/.test(path),
      imports: importsOf(readFileSync(join(root, path), 'utf8')),
    }));
}

function readManifest(path: string): Manifest {
  return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
}

/** `@a/b` of `@a/b/c`, `d` of `d/e`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

/** The folder below `src/` that a file of the package stands in; undefined for one directly in it. */
function folderIn(owner: Package, path: string): string | undefined {
  const [folder, ...rest] = relative(join(owner.folder, 'src'), path).split('/');
  return rest.length > 0 ? folder : undefined;
}

if (import.meta.main) {
  const violations = checkDependencies(dirname(dirname(fileURLToPath(import.meta.url))));
  for (const { where, what, instead } of violations) console.error(`${where}\n  ${what}.\n  ${instead}`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
