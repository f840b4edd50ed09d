/** What a server sets at an address, and what a request to another one carries. */
export interface CookieCase {
  readonly title: string;
  /** RFC and section; 6265bis is draft-ietf-httpbis-rfc6265bis-22. */
  readonly source: string;
  readonly at: string;
  readonly lines: readonly string[];
  readonly to: string;
  /** The field Cookie; `none` when there is none. */
  readonly allowed: readonly string[];
  readonly deviation?: { readonly outcome: string; readonly reason: string };
}

const HERE = 'https://example.com/a/b';
const NONE = ['none'];
const PAST = 'Thu, 01 Jan 1970 00:00:01 GMT';
const FUTURE = 'Fri, 01 Jan 2100 00:00:00 GMT';

type Row = readonly [
  title: string,
  source: string,
  line: string | readonly string[],
  allowed: readonly string[],
  places?: { readonly at?: string; readonly to?: string },
  deviation?: CookieCase['deviation'],
];

const ROWS: readonly Row[] = [
  ['a name and a value', '6265 §5.2', 'a=b', ['a=b']],
  ['blanks around both', '6265 §5.2', ' a = b ', ['a=b']],
  ['a value with =', '6265 §5.2', 'a=b=c', ['a=b=c']],
  ['a value in quotes, which are part of it', '6265 §5.2', 'a="b"', ['a="b"']],
  ['an empty value', '6265 §5.2', 'a=', ['a=']],
  ['no name', '6265 §5.2', '=b', NONE],
  ['no =', '6265 §5.2', 'ab', [...NONE, 'ab']],
  ['neither name nor value', '6265bis §5.6', '=', NONE],
  ['nothing', '6265 §5.2', '', NONE],
  ['attributes alone', '6265 §5.2', '; Path=/', NONE],
  ['an attribute that nobody knows', '6265 §5.2', 'a=b; What=1; Whatever', ['a=b']],
  ['attributes in other letters', '6265 §5.2', 'a=b; PATH=/; sEcUrE', ['a=b']],
  ['a comma in a value', '6265 §5.2', 'a=b,c', ['a=b,c']],
  ['a control character in a value', '6265bis §5.6', 'a=b\x01c', NONE],
  ['a tab in a value', '6265bis §5.6', 'a=b\tc', ['a=b\tc', 'none']],
  ['a NUL in a value', '6265bis §5.6', 'a=b\0c', NONE],
  ['the second of one name takes the place of the first', '6265 §5.3', ['a=b', 'a=c'], ['a=c']],
  ['the order of two with one path is that of their setting', '6265 §5.4', ['a=b', 'c=d'], ['a=b; c=d']],
  ['a longer path goes first', '6265 §5.4', ['a=b; Path=/', 'c=d; Path=/a'], ['c=d; a=b']],
  ['one name with two paths', '6265 §5.3', ['a=b; Path=/', 'a=c; Path=/a'], ['a=c; a=b']],
  ['names that differ in case are two', '6265 §5.3', ['a=b', 'A=c'], ['a=b; A=c']],

  ['no domain: the host alone', '6265 §5.3', 'a=b', NONE, { to: 'https://www.example.com/a/b' }],
  [
    'a domain: hosts below it',
    '6265 §5.1.3',
    'a=b; Domain=example.com',
    ['a=b'],
    { to: 'https://www.example.com/a/b' },
  ],
  [
    'a domain with a dot in front',
    '6265 §5.2.3',
    'a=b; Domain=.example.com',
    ['a=b'],
    { to: 'https://www.example.com/a/b' },
  ],
  ['a domain in other letters', '6265 §5.2.3', 'a=b; Domain=EXAMPLE.com', ['a=b']],
  ['an empty domain', '6265 §5.2.3', 'a=b; Domain=', ['a=b']],
  ['an empty domain: the host alone', '6265 §5.2.3', 'a=b; Domain=', NONE, { to: 'https://www.example.com/a/b' }],
  ['a domain that only ends alike', '6265 §5.1.3', 'a=b; Domain=ample.com', NONE],
  [
    'to a host that only ends alike',
    '6265 §5.1.3',
    'a=b; Domain=example.com',
    NONE,
    { to: 'https://anexample.com/a/b' },
  ],
  ['the domain of somebody else', '6265 §5.3', 'a=b; Domain=example.net', NONE, { to: 'https://example.net/a/b' }],
  ['a domain below the host', '6265 §5.3', 'a=b; Domain=www.example.com', NONE, { to: 'https://www.example.com/a/b' }],
  ['a domain above the host', '6265 §5.3', 'a=b; Domain=example.com', ['a=b'], { at: 'https://www.example.com/a/b' }],
  ['a domain that everybody is below: com', '6265 §5.3', 'a=b; Domain=com', NONE],
  [
    'a domain that everybody is below: co.uk',
    '6265 §5.3',
    'a=b; Domain=co.uk',
    NONE,
    { at: 'https://example.co.uk/a', to: 'https://other.co.uk/a' },
  ],
  [
    'an address as a domain',
    '6265 §5.1.3',
    'a=b; Domain=192.0.2.1',
    ['a=b', 'none'],
    { at: 'https://192.0.2.1/', to: 'https://192.0.2.1/' },
  ],
  [
    'part of an address as a domain',
    '6265 §5.1.3',
    'a=b; Domain=2.1',
    NONE,
    { at: 'https://192.0.2.1/', to: 'https://198.51.2.1/' },
  ],
  ['two domains: the last counts', '6265 §5.3', 'a=b; Domain=example.net; Domain=example.com', ['a=b']],
  ['another port is the same host', '6265 §8.5', 'a=b; Path=/', ['a=b'], { to: 'https://example.com:8443/' }],

  ['no path: the folder of the address', '6265 §5.1.4', 'a=b', ['a=b'], { to: 'https://example.com/a/c' }],
  ['no path: not above it', '6265 §5.1.4', 'a=b', NONE, { to: 'https://example.com/' }],
  [
    'no path at the root',
    '6265 §5.1.4',
    'a=b',
    ['a=b'],
    { at: 'https://example.com/x', to: 'https://example.com/y/z' },
  ],
  ['a path: below it', '6265 §5.1.4', 'a=b; Path=/a', ['a=b'], { to: 'https://example.com/a/b/c' }],
  ['a path: itself', '6265 §5.1.4', 'a=b; Path=/a', ['a=b'], { to: 'https://example.com/a' }],
  ['a path: what only begins alike', '6265 §5.1.4', 'a=b; Path=/a', NONE, { to: 'https://example.com/ab' }],
  ['a path with a slash at its end', '6265 §5.1.4', 'a=b; Path=/a/', NONE, { to: 'https://example.com/a' }],
  ['a path in other letters', '6265 §5.1.4', 'a=b; Path=/A', NONE, { to: 'https://example.com/a' }],
  ['a path that is none', '6265 §5.2.4', 'a=b; Path=x', ['a=b'], { to: 'https://example.com/a/c' }],
  ['an empty path', '6265 §5.2.4', 'a=b; Path=', ['a=b'], { to: 'https://example.com/a/c' }],
  ['a path that is not that of the address', '6265 §8.6', 'a=b; Path=/x', ['a=b'], { to: 'https://example.com/x' }],

  ['a time in the past', '6265 §5.2.1', `a=b; Expires=${PAST}`, NONE],
  ['a time in the future', '6265 §5.2.1', `a=b; Expires=${FUTURE}`, ['a=b']],
  ['a time in the past takes away what is there', '6265 §5.3', ['a=b', `a=; Expires=${PAST}`], NONE],
  ['a time that is none', '6265 §5.2.1', 'a=b; Expires=soon', ['a=b']],
  ['a time with two digits of the year', '6265 §5.1.1', 'a=b; Expires=Thu, 01-Jan-70 00:00:01 GMT', NONE],
  ['a time in another order', '6265 §5.1.1', 'a=b; Expires=1970 Jan 1 00:00:01', NONE],
  ['an hour that is none', '6265 §5.1.1', 'a=b; Expires=Thu, 01 Jan 1970 24:00:00 GMT', ['a=b']],
  ['the 30th of February', '6265 §5.1.1', 'a=b; Expires=Fri, 30 Feb 1990 00:00:00 GMT', ['a=b', 'none']],
  ['a year before 1601', '6265 §5.1.1', 'a=b; Expires=Mon, 01 Jan 1600 00:00:00 GMT', ['a=b']],
  ['no seconds left', '6265 §5.2.2', 'a=b; Max-Age=0', NONE],
  ['fewer than no seconds left', '6265 §5.2.2', 'a=b; Max-Age=-1', NONE],
  ['seconds left', '6265 §5.2.2', 'a=b; Max-Age=100', ['a=b']],
  ['seconds that are no number', '6265 §5.2.2', 'a=b; Max-Age=1x', ['a=b']],
  ['seconds with a sign', '6265 §5.2.2', 'a=b; Max-Age=+0', ['a=b']],
  ['more seconds than anybody has', '6265 §5.2.2', `a=b; Max-Age=${'9'.repeat(400)}`, ['a=b']],
  ['seconds are more than a time', '6265 §5.3', `a=b; Max-Age=100; Expires=${PAST}`, ['a=b']],
  ['seconds in front of a time are more, too', '6265 §5.3', `a=b; Expires=${FUTURE}; Max-Age=0`, NONE],

  ['Secure: not in the clear', '6265 §5.4', 'a=b; Secure', NONE, { to: 'http://example.com/a/b' }],
  ['Secure: over TLS', '6265 §5.4', 'a=b; Secure', ['a=b']],
  ['Secure with a value', '6265 §5.2.5', 'a=b; Secure=no', NONE, { to: 'http://example.com/a/b' }],
  [
    'Secure that was set in the clear',
    '6265bis §5.7',
    'a=b; Secure',
    NONE,
    { at: 'http://example.com/a/b' },
    undefined,
  ],
  ['not Secure: in the clear as well', '6265 §5.4', 'a=b', ['a=b'], { to: 'http://example.com/a/b' }],
  ['HttpOnly: HTTP may see it', '6265 §5.4', 'a=b; HttpOnly', ['a=b']],
  ['SameSite=Strict, of a program without pages', '6265bis §5.6.7', 'a=b; SameSite=Strict', ['a=b']],
  ['SameSite=None', '6265bis §5.6.7', 'a=b; SameSite=None; Secure', ['a=b']],
  ['SameSite that nobody knows', '6265bis §5.6.7', 'a=b; SameSite=Never', ['a=b']],

  ['__Secure- with Secure', '6265bis §4.1.3.1', '__Secure-a=b; Secure', ['__Secure-a=b']],
  ['__Secure- without Secure', '6265bis §4.1.3.1', '__Secure-a=b', NONE],
  ['__secure- in other letters, without Secure', '6265bis §5.7', '__SeCuRe-a=b', NONE],
  ['__Host- with Secure and the path /', '6265bis §4.1.3.2', '__Host-a=b; Secure; Path=/', ['__Host-a=b']],
  ['__Host- without Secure', '6265bis §4.1.3.2', '__Host-a=b; Path=/', NONE],
  ['__Host- with another path', '6265bis §4.1.3.2', '__Host-a=b; Secure; Path=/a', NONE],
  ['__Host- without a path', '6265bis §4.1.3.2', '__Host-a=b; Secure', NONE],
  ['__Host- with a domain', '6265bis §4.1.3.2', '__Host-a=b; Secure; Path=/; Domain=example.com', NONE],
  ['__Host- in other letters, with a domain', '6265bis §5.7', '__HOST-a=b; Secure; Path=/; Domain=example.com', NONE],

  ['a name and a value of 4,096 bytes', '6265 §6.1', `a=${'b'.repeat(4_095)}`, [`a=${'b'.repeat(4_095)}`]],
  ['a name and a value beyond 4,096 bytes', '6265bis §5.6', `a=${'b'.repeat(4_096)}`, NONE],
  [
    '50 cookies of one host',
    '6265 §6.1',
    Array.from({ length: 50 }, (_, at) => `a${at}=b`),
    [Array.from({ length: 50 }, (_, at) => `a${at}=b`).join('; ')],
  ],
  ['a name that programs have: __proto__', '6265 §5.2', '__proto__=b', ['__proto__=b']],
  ['a domain that programs have: __proto__', '6265 §5.3', 'a=b; Domain=__proto__', NONE],
];

export const COOKIE_CASES: readonly CookieCase[] = ROWS.map(
  ([title, source, line, allowed, places = {}, deviation]) => ({
    title,
    source: source.replace(/^6265bis/, 'RFC 6265bis').replace(/^6265 /, 'RFC 6265 '),
    lines: typeof line === 'string' ? [line] : line,
    at: places.at ?? HERE,
    to: places.to ?? HERE,
    allowed,
    ...(deviation !== undefined && { deviation }),
  }),
);
