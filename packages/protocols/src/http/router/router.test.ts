import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { text } from '../message.ts';
import { rawWorld } from '../conformance/raw.fixture.ts';
import { createRouter } from './router.ts';
import { RouteTree } from './routeTree.ts';

const refuse = (reason: string): Error => new Error(reason);

function treeOf(...patterns: readonly string[]): RouteTree<string> {
  const tree = new RouteTree<string>();
  for (const pattern of patterns) tree.place(pattern, () => pattern, refuse);
  return tree;
}

describe('routes', () => {
  const tree = treeOf('/', '/a', '/a/b', '/a/:x', '/a/:x/c', '/:y/b/d', '/f/*rest', '/f/*rest', '/a/b/*all');
  it.each<[string, string | undefined, Record<string, string>?]>([
    ['/', '/'],
    ['/a', '/a'],
    ['/a/', undefined],
    ['//', undefined],
    ['/a/b', '/a/b'],
    ['/a/z', '/a/:x', { x: 'z' }],
    ['/a/b/c', '/a/b/*all', { all: 'c' }],
    ['/a/z/c', '/a/:x/c', { x: 'z' }],
    ['/z/b/d', '/:y/b/d', { y: 'z' }],
    ['/f/', '/f/*rest', { rest: '' }],
    ['/f/x/y/', '/f/*rest', { rest: 'x/y/' }],
    ['/f', undefined],
    ['/A', undefined],
    ['a', undefined],
    ['', undefined],
    [`/f/${'x/'.repeat(200)}`, '/f/*rest', { rest: 'x/'.repeat(200) }],
  ])('lead from %s to %s', (path, pattern, params = {}) => {
    const found = tree.find(path);
    expect(found?.value).toBe(pattern);
    const given = found?.names.map((name, index) => [name, found.values[index]]);
    expect(given && Object.fromEntries(given)).toEqual(pattern && params);
  });

  it.each(['a', '/a/:', '/a/:1', '/*x/b', '/:a/:a', '/a b', '/ä', '/a?b'])('cannot be %s', (pattern) => {
    expect(() => treeOf(pattern)).toThrow();
  });

  it('cannot call one place by two names', () => {
    expect(() => treeOf('/a/:x', '/a/:y')).toThrow(/called/);
    expect(() => treeOf('/a/*x', '/a/*y')).toThrow(/called/);
  });

  it('are found whatever else is there', () => {
    const segment = fc.constantFrom('a', 'b', ':p', ':q');
    const pattern = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => {
      const seen = parts.map((part, index) => (part.startsWith(':') ? `:n${index}` : part));
      return `/${seen.join('/')}`;
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(pattern, { maxLength: 12 }),
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }),
        (patterns, parts) => {
          const path = `/${parts.join('/')}`;
          const matches = patterns.filter((each) => {
            const own = each.slice(1).split('/');
            return (
              own.length === parts.length && own.every((part, index) => part.startsWith(':') || part === parts[index])
            );
          });
          const found = treeOf(...patterns).find(path)?.value;
          if (matches.length === 0) expect(found).toBeUndefined();
          else expect(matches).toContain(found);
        },
      ),
    );
  });
});

describe('a router', () => {
  const router = createRouter()
    .get('/a/:x', ({ params }) => text(params['x'] ?? ''))
    .post('/a/:x', () => text('posted'))
    .delete('/only', () => ({ status: 204 }));

  async function ask(line: string): Promise<string> {
    using world = await rawWorld(router.handler);
    const client = await world.connect();
    await client.send(Buffer.from(`${line} HTTP/1.1\r\nhost: a\r\n\r\n`));
    return client.received.toString();
  }

  it('decodes what the pattern names, and refuses what cannot be', async () => {
    expect(await ask('GET /a/b%2Fc%C3%A9')).toMatch(/200 OK[^]*b\/cé$/);
    expect(await ask('GET /a/%zz')).toContain('400 Bad Request');
  });

  it('answers HEAD as GET, without the content', async () => {
    expect(await ask('HEAD /a/b')).toMatch(/200 OK[^]*content-length: 1[^]*\r\n\r\n$/);
    expect(await ask('HEAD /only')).toContain('405');
  });

  it('says what is allowed', async () => {
    expect(await ask('PUT /a/b')).toMatch(/405 [^]*allow: GET, HEAD, OPTIONS, POST\r\n/);
    expect(await ask('OPTIONS /a/b')).toMatch(/204 [^]*allow: GET, HEAD, OPTIONS, POST\r\n/);
    expect(await ask('OPTIONS *')).toContain('204 No Content');
    expect(await ask('GET /nothing')).toMatch(/404 [^]*HTTP_ROUTE_NOT_FOUND/);
  });

  it('does not take a route twice', () => {
    expect(() =>
      createRouter()
        .get('/', () => text(''))
        .get('/', () => text('')),
    ).toThrow(/there already/);
  });
});
