import assert from 'node:assert/strict';
import { codedOnly, fuzzTarget, type FuzzTarget, textOfWords } from '@roundhouse/testing';
import fc from 'fast-check';
import { PROBE_SCHEMES, readProbeUrl } from './probeUrl.ts';

const CODES = ['NET_OPTION_INVALID', 'ADDRESS_INVALID'];
const PARTS = [
  '://',
  ':',
  '/',
  '//',
  '@',
  '?',
  '#',
  '[',
  ']',
  '[::1]',
  'a.example',
  '192.0.2.1',
  '0x7f.1',
  '%41',
  '%00',
  ':0',
  ':443',
  ':65535',
  ':65536',
  ':00080',
  'user:secret@',
  '\\',
  ' ',
  '\r\n',
  '\t',
  'Bücher.example',
  'xn--',
  '..',
  'constructor',
];
/** A scheme that is known, and what could follow; or anything. */
const texts = fc.oneof(
  fc
    .tuple(fc.constantFrom(...PROBE_SCHEMES, 'HTTP', 'ftp', '__proto__'), textOfWords(PARTS, 8))
    .map(([scheme, rest]) => `${scheme}://${rest}`),
  textOfWords([...PARTS, ...PROBE_SCHEMES], 8),
);

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'probe URLs',
    'are a host, a port and a known scheme, or refused with a code; no credentials come through, and no line ends',
    fc.property(texts, (text) => {
      const read = codedOnly(() => readProbeUrl(text), CODES);
      if (read === undefined) return;
      const { url, address } = read;
      assert.ok(Number.isInteger(address.port) && address.port >= 1 && address.port <= 65_535);
      assert.notEqual(address.host, '');
      assert.equal(url.username + url.password, '');
      assert.doesNotMatch(address.host, /[\s\0@/]/);
      assert.doesNotMatch(url.href, /[\s\0]/);
    }),
  ),
];
