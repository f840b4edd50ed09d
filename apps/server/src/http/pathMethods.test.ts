import type { Route } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { methodsAt, pathMethods, widerMethods } from './pathMethods.ts';

const route = (method: Route['method'], path: string): Route => ({ method, path }) as Route;
const PATHS = pathMethods([
  route('GET', '/things/{id}'),
  route('DELETE', '/things/{id}'),
  route('POST', '/things'),
  route('GET', '/things/lost'),
]);

describe('the methods of a path', () => {
  it.each([
    ['/things', ['POST']],
    ['/things/a', ['GET', 'HEAD', 'DELETE']],
    ['/things/{id}', ['GET', 'HEAD', 'DELETE']],
    ['/things/lost', ['GET', 'HEAD']],
    ['/things/', undefined],
    ['/things/a/b', undefined],
    ['/other', undefined],
    ['', undefined],
  ])('of %j are %j', (path, methods) => {
    const found = methodsAt(PATHS, path);
    expect(found && [...found]).toEqual(methods);
  });

  it('leave out what a wider path would take instead', () => {
    expect(PATHS.map((path) => [path.segments.join('/'), widerMethods(PATHS, path)])).toEqual([
      ['/things', []],
      ['/things/lost', ['DELETE']],
      ['/things/{id}', []],
    ]);
  });
});
