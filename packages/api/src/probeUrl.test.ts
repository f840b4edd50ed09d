import { describe, expect, it } from 'vitest';
import { urlProbeSchema } from './probeUrl.ts';
import { URL_PROBE_SCHEMES } from './vocabulary.ts';

const isTaken = (value: unknown): boolean => urlProbeSchema.safeParse(value).success;

describe('the URL of a probe', () => {
  it.each(URL_PROBE_SCHEMES)('may be of %s', (scheme) => {
    for (const host of ['h', 'mail.example', '127.0.0.1', '[::1]'])
      expect(isTaken(`${scheme}://${host}:25/a?b=c`)).toBe(true);
  });

  it.each(['https://h', 'smtp://h/', 'dns://127.0.0.1/example.com?type=MX', 'doh://h?name=a'])(
    'needs no port where the scheme has one: %s',
    (url) => expect(isTaken(url)).toBe(true),
  );

  it.each([
    'h:25',
    'gopher://h/',
    'HTTP://h/',
    'constructor://h/',
    'tcp://h',
    'tls://h/',
    'http://',
    'http:///x',
    'http://joe:sesame@h/',
    'http://joe@h/',
    'http://h:99999/',
    'http://h:/',
    'http://a b/',
    'http://h/a b',
    'http://[::1/',
    'http://[:::::1]/',
    ` http://h/`,
    '',
  ])('is refused: %s', (url) => expect(isTaken(url)).toBe(false));

  it('may stand with what is known of the certificate, and with nothing else', () => {
    expect(isTaken({ address: 'https://h/', verify: true, server_name: 'app.example', ca: 'PEM' })).toBe(true);
    expect(isTaken({ address: 'https://h/', key: 'PEM' })).toBe(false);
    expect(isTaken({ verify: true })).toBe(false);
  });

  it('of an unknown scheme is told which there are', () => {
    const { error } = urlProbeSchema.safeParse('gopher://h/');
    for (const scheme of URL_PROBE_SCHEMES) expect(JSON.stringify(error?.issues)).toContain(scheme);
  });
});
