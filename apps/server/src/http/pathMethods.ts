import type { Route } from '@roundhouse/api';

/** A path of the table, and the methods that it takes. */
export interface PathMethods {
  /** Its segments; those that begin with a brace take anything. */
  readonly segments: readonly string[];
  readonly methods: ReadonlySet<string>;
}

/** Those of all routes, the paths that name the most segments first. */
export function pathMethods(routes: readonly Route[]): PathMethods[] {
  const paths = new Map<string, Set<string>>();
  for (const { path, method } of routes) {
    const methods = paths.get(path) ?? new Set();
    methods.add(method);
    // Fastify answers HEAD wherever there is a GET.
    if (method === 'GET') methods.add('HEAD');
    paths.set(path, methods);
  }
  const all = [...paths].map(([path, methods]) => ({ segments: path.split('/'), methods }));
  const parameters = ({ segments }: PathMethods): number => segments.filter(isParameter).length;
  return all.sort((a, b) => parameters(a) - parameters(b));
}

/** What a path takes, as it stands in a request without its query or in the table; undefined when no route has it. */
export function methodsAt(paths: readonly PathMethods[], path: string): ReadonlySet<string> | undefined {
  const segments = path.split('/');
  return paths.find((each) => covers(each, segments))?.methods;
}

/**
 * Methods that a path does not take and that a wider one, which has a parameter where this one has a name, would: these
 * must not be taken for it.
 */
export function widerMethods(paths: readonly PathMethods[], path: PathMethods): string[] {
  const wider = paths.filter((each) => each !== path && covers(each, path.segments));
  const methods = new Set(wider.flatMap((each) => [...each.methods]));
  return [...methods].filter((each) => !path.methods.has(each));
}

function covers({ segments }: PathMethods, path: readonly string[]): boolean {
  return (
    path.length === segments.length &&
    segments.every((each, index) => (isParameter(each) ? path[index] !== '' : path[index] === each))
  );
}

function isParameter(segment: string): boolean {
  return segment.startsWith('{');
}
