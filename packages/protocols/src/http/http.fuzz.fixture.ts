import assert from 'node:assert/strict';
import { codedOnly, fuzzTarget, type FuzzTarget, textOfWords } from '@roundhouse/testing';
import fc from 'fast-check';
import { CookieJar } from 'tough-cookie';
import { redirected } from './client/redirect.ts';
import { joinFields, listOf, qualityOf, varyWith } from './fields.ts';
import { judgePreconditions, isRangeCurrent } from './middleware/conditional.ts';
import { readRange } from './middleware/range.ts';
import { RouteTree } from './router/routeTree.ts';
import { originForm } from './server/target.ts';

const FIELD_WORDS = [
  ',',
  ';',
  '=',
  'q=0.5',
  'q=2',
  'gzip',
  '*',
  ' ',
  '\t',
  '"a"',
  'W/"a"',
  'identity',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'x',
];
const TARGET_WORDS = [
  '/',
  '//',
  '?',
  '#',
  '%',
  '%2e',
  '..',
  'http://',
  'HTTPS://',
  'a.b',
  ':80',
  '[::1]',
  '@',
  '*',
  ' ',
  '\r\n',
  'x',
];
const RANGE_WORDS = ['bytes=', '-', ',', '0', '5', '99', '9999999999999999', ' ', 'items='];
const COOKIE_WORDS = [
  'a=b',
  '=',
  ';',
  ' ',
  'Path=/',
  'Path=',
  'Domain=example.com',
  'Domain=.com',
  'Max-Age=',
  '-1',
  '9'.repeat(400),
  'Expires=',
  'Thu, 01 Jan 2099 00:00:00 GMT',
  'Secure',
  'HttpOnly',
  'SameSite=None',
  '__Host-',
  '__Secure-',
  '"',
  ',',
  '\x01',
];
const ROUTES = (() => {
  const tree = new RouteTree<string>();
  for (const pattern of ['/', '/a', '/a/:id', '/:x/b', '/files/*rest', '/a/:id/c'])
    tree.place(
      pattern,
      () => pattern,
      (reason) => new Error(reason),
    );
  return tree;
})();
const BASE = new URL('https://example.com/a/b');

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'HTTP targets',
    'have an origin form without line ends, blanks or fragments, or are refused',
    fc.property(textOfWords(TARGET_WORDS, 8), textOfWords(TARGET_WORDS, 5), (target, host) => {
      const read = codedOnly(() => originForm('GET', target, { host }), ['HTTP_REQUEST_INVALID']);
      if (read === undefined) return;
      assert.match(read.target, /^\/[!-~]*$/);
      assert.doesNotMatch(read.target, /#/);
      assert.doesNotMatch(read.authority, /[\s#@/?]/);
    }),
  ),
  fuzzTarget(
    'HTTP routes',
    'are found or not, whatever the path',
    fc.property(textOfWords(['/', 'a', 'b', 'files', '..', '%2f', ':', '*', '/'.repeat(80)], 12), (path) => {
      const found = ROUTES.find(`/${path}`);
      assert.equal(found?.values.length, found?.names.length);
    }),
  ),
  fuzzTarget(
    'HTTP lists and weights',
    'have trimmed members that are not empty, and weights from 0 to 1',
    fc.property(textOfWords(FIELD_WORDS), (text) => {
      for (const member of listOf(text)) assert.ok(member !== '' && member === member.trim());
      const quality = qualityOf(text, 'gzip');
      assert.ok(quality === null || (quality >= 0 && quality <= 1));
      assert.ok(listOf(varyWith({ vary: text }, 'accept')).length > 0);
    }),
  ),
  fuzzTarget(
    'HTTP fields',
    'are joined or refused; they are those that came, and none is inherited',
    fc.property(
      fc.array(
        fc.oneof(fc.constantFrom('Host', 'cookie', '__proto__', 'constructor', 'content-length', 'x'), fc.string()),
        {
          maxLength: 12,
        },
      ),
      (raw) => {
        const fields = codedOnly(() => joinFields(raw), ['HTTP_REQUEST_INVALID']);
        if (fields === undefined) return;
        const names = new Set(
          raw.filter((_, at) => at % 2 === 0 && at + 1 < raw.length).map((name) => name.toLowerCase()),
        );
        assert.deepEqual(Object.keys(fields).toSorted(), [...names].toSorted());
        for (const inherited of ['constructor', '__proto__', 'toString'])
          assert.equal(inherited in fields, names.has(inherited));
        assert.equal(({} as Record<string, unknown>)['x'], undefined);
      },
    ),
  ),
  fuzzTarget(
    'HTTP ranges',
    'are in ascending order, apart, and within the length',
    fc.property(textOfWords(RANGE_WORDS, 14), fc.nat(100), (field, length) => {
      const ranges = readRange(field, length);
      if (typeof ranges === 'string') return;
      let before = -1;
      for (const { from, to } of ranges) {
        assert.ok(from > before && to >= from && to < length);
        before = to;
      }
    }),
  ),
  fuzzTarget(
    'HTTP preconditions',
    'are judged, whatever they say',
    fc.property(
      textOfWords(FIELD_WORDS, 6),
      fc.constantFrom('if-match', 'if-none-match', 'if-range', 'if-modified-since', 'if-unmodified-since'),
      (value, name) => {
        const validators = { etag: '"a"', modifiedAt: 0 };
        const verdict = judgePreconditions('GET', { [name]: value }, validators);
        assert.ok(['go', 'not-modified', 'failed'].includes(verdict));
        isRangeCurrent({ [name]: value }, validators);
      },
    ),
  ),
  fuzzTarget(
    'HTTP redirects',
    'lead to http or https without credentials, never out of TLS, or are refused',
    fc.property(textOfWords([...TARGET_WORDS, 'javascript:', 'file:///', 'user:pw@'], 7), (location) => {
      const from = {
        method: 'GET',
        url: BASE,
        headers: { cookie: 'a=b', authorization: 'x' },
        hasBody: false,
        isReplayable: true,
      };
      const next = codedOnly(() => redirected(302, location, from), ['HTTP_REDIRECT_REFUSED']);
      if (next === undefined) return;
      assert.equal(next.url.protocol, 'https:');
      assert.equal(next.url.username + next.url.password, '');
      if (next.url.origin !== BASE.origin) assert.deepEqual(next.headers, {});
    }),
  ),
  fuzzTarget(
    'cookies',
    'are kept or dropped; what is sent back is one line without control characters',
    fc.asyncProperty(textOfWords(COOKIE_WORDS, 14), async (line) => {
      const jar = new CookieJar();
      await jar.setCookie(line, BASE.href, { ignoreError: true });
      assert.doesNotMatch(await jar.getCookieString(BASE.href), /[\r\n\0]/);
      assert.equal(await jar.getCookieString('https://example.net/'), '');
    }),
  ),
];
