/** What a server has to make of bytes. */
export interface MessageCase {
  readonly title: string;
  /** RFC and section. */
  readonly source: string;
  readonly bytes: string;
  /** Status of each answer, in order; the connection ends behind the last one when `isEnd`. */
  readonly answers: readonly number[];
  /** Whether nothing more is taken on the connection. */
  readonly isEnd: boolean;
}

const HOST = 'Host: localhost\r\n';
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n';
const get = (fields: string, target = '/'): string => `GET ${target} HTTP/1.1\r\n${HOST}${fields}\r\n`;
const post = (fields: string, body: string): string => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;

/** Refused with this status, and nothing behind it is read. */
const refused = (title: string, source: string, bytes: string, status = 400): MessageCase => ({
  title,
  source,
  bytes: bytes + HIDDEN,
  answers: [status],
  isEnd: true,
});

/** Answered with 200, and what follows is a request of its own. */
const taken = (title: string, source: string, bytes: string): MessageCase => ({
  title,
  source,
  bytes: bytes + HIDDEN,
  answers: [200, 200],
  isEnd: false,
});

/** Requests of HTTP/1.1 that are dangerous or wrong, and a few that only look so. */
export const MESSAGE_CASES: readonly MessageCase[] = [
  taken('a plain request', '9112 §3', get('')),
  taken('a body with Content-Length', '9112 §6.2', post('Content-Length: 3\r\n', 'abc')),
  taken('a chunked body', '9112 §7.1', post('Transfer-Encoding: chunked\r\n', '3\r\nabc\r\n0\r\n\r\n')),
  taken(
    'a chunk with an extension',
    '9112 §7.1.1',
    post('Transfer-Encoding: chunked\r\n', '3;a=b\r\nabc\r\n0\r\n\r\n'),
  ),
  taken('a chunked body with trailers', '9112 §7.1.2', post('Transfer-Encoding: chunked\r\n', '0\r\nX-T: 1\r\n\r\n')),
  taken('a coding in other letters', '9112 §7', post('Transfer-Encoding: Chunked\r\n', '0\r\n\r\n')),
  taken('an empty line before the request', '9112 §2.2', `\r\n${get('')}`),
  taken('a target in absolute form', '9112 §3.2.2', get('', 'http://localhost/x')),
  taken('the asterisk of OPTIONS', '9112 §3.2.4', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`),
  taken('spaces around a value', '9110 §5.5', get('X-A:  \t b \t\r\n')),
  taken('an empty value', '9110 §5.5', get('X-A:\r\n')),
  taken('bytes beyond ASCII in a value', '9110 §5.5', get('X-A: caf\xe9\r\n')),
  refused('both lengths', '9112 §6.3', post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')),
  refused(
    'both lengths, the other way round',
    '9112 §6.3',
    post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '0\r\n\r\n'),
  ),
  refused('two lengths that differ', '9112 §6.3', post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd')),
  refused('two lengths that agree', '9112 §6.3', post('Content-Length: 3\r\nContent-Length: 3\r\n', 'abc')),
  refused('a list of lengths', '9112 §6.3', post('Content-Length: 3, 3\r\n', 'abc')),
  refused('a length with a sign', '9112 §6.2', post('Content-Length: +3\r\n', 'abc')),
  refused('a negative length', '9112 §6.2', post('Content-Length: -3\r\n', 'abc')),
  refused('a length in hexadecimal', '9112 §6.2', post('Content-Length: 0x3\r\n', 'abc')),
  refused('a length with a space in it', '9112 §6.2', post('Content-Length: 3 3\r\n', 'abc')),
  refused('a length with a point', '9112 §6.2', post('Content-Length: 3.0\r\n', 'abc')),
  refused('an empty length', '9112 §6.2', post('Content-Length: \r\n', '')),
  refused('a length beyond 64 bits', '9112 §6.2', post('Content-Length: 18446744073709551619\r\n', 'abc')),
  refused('a coding that is not the last', '9112 §6.3', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n')),
  refused('a coding that is not chunked', '9112 §6.3', post('Transfer-Encoding: identity\r\n', '0\r\n\r\n'), 501),
  refused(
    'a coding that only begins like chunked',
    '9112 §6.1',
    post('Transfer-Encoding: chunkedx\r\n', '0\r\n\r\n'),
    501,
  ),
  refused(
    'chunked twice',
    '9112 §6.1',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  ),
  refused('a coding behind a vertical tab', '9112 §6.1', post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n')),
  refused('a space before the colon', '9112 §5.1', get('X-A : b\r\n')),
  refused('a space before the colon of a length', '9112 §5.1', post('Content-Length : 3\r\n', 'abc')),
  refused('a space before the colon of a coding', '9112 §5.1', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')),
  refused('a folded line', '9112 §5.2', get('X-A: b\r\n c\r\n')),
  refused('a folded coding', '9112 §5.2', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')),
  refused('a space before the first field', '9112 §2.2', `GET / HTTP/1.1\r\n ${HOST}\r\n`),
  refused('a bare CR in a value', '9112 §2.2', get('X-A: b\rc\r\n')),
  refused('a bare CR as the end of a line', '9112 §2.2', `GET / HTTP/1.1\r${HOST}\r\n`),
  refused('a bare LF as the end of a field', '9112 §2.2', `GET / HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n`),
  refused('a bare LF as the end of the fields', '9112 §2.2', `GET / HTTP/1.1\r\nHost: localhost\r\n\n`),
  refused('a NUL in a value', '9110 §5.5', get('X-A: b\0c\r\n')),
  refused('a control in a name', '9110 §5.1', get('X\x01A: b\r\n')),
  refused('a bracket in a name', '9110 §5.1', get('X(A): b\r\n')),
  refused('a field without a name', '9112 §5', get(': b\r\n')),
  refused('a field without a colon', '9112 §5', get('X-A\r\n')),
  refused('no Host', '9112 §3.2', 'GET / HTTP/1.1\r\n\r\n'),
  refused('two Hosts', '9112 §3.2', get('Host: other\r\n')),
  refused('a Host with a path', '9112 §3.2', 'GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n'),
  refused('a Host with a user', '9110 §4.2.4', 'GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n'),
  refused('a Host that is a list', '9112 §3.2', 'GET / HTTP/1.1\r\nHost: a, b\r\n\r\n'),
  refused('a chunk size that is none', '9112 §7.1', post('Transfer-Encoding: chunked\r\n', 'x\r\nabc\r\n0\r\n\r\n')),
  refused('a chunk size with a sign', '9112 §7.1', post('Transfer-Encoding: chunked\r\n', '+3\r\nabc\r\n0\r\n\r\n')),
  refused(
    'a chunk size in the manner of C',
    '9112 §7.1',
    post('Transfer-Encoding: chunked\r\n', '0x3\r\nabc\r\n0\r\n\r\n'),
  ),
  refused(
    'a chunk size beyond 64 bits',
    '9112 §7.1',
    post('Transfer-Encoding: chunked\r\n', '10000000000000003\r\nabc\r\n0\r\n\r\n'),
  ),
  refused(
    'a chunk that is longer than it says',
    '9112 §7.1',
    post('Transfer-Encoding: chunked\r\n', '3\r\nabcd\r\n0\r\n\r\n'),
  ),
  refused('a chunk that ends with a bare LF', '9112 §7.1', post('Transfer-Encoding: chunked\r\n', '3\nabc\n0\n\n')),
  refused(
    'a bare LF in a chunk extension',
    '9112 §7.1.1',
    post('Transfer-Encoding: chunked\r\n', '3;a\nabc\r\n0\r\n\r\n'),
  ),
  refused('a folded trailer', '9112 §7.1.2', post('Transfer-Encoding: chunked\r\n', '0\r\nX-T: 1\r\n 2\r\n\r\n')),
  refused('no version', '9112 §3', 'GET /\r\n\r\n'),
  refused('a version that is none', '9112 §2.3', `GET / HTTP/1.x\r\n${HOST}\r\n`),
  refused('a coding in HTTP/1.0', '9112 §6.1', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  refused('a version of the future', '9112 §2.3', `GET / HTTP/3.0\r\n${HOST}\r\n`),
  taken('two spaces in the request line, as it may', '9112 §3', `GET  / HTTP/1.1\r\n${HOST}\r\n`),
  refused('a tab in the request line', '9112 §3', `GET\t/ HTTP/1.1\r\n${HOST}\r\n`),
  refused('a space in the target', '9112 §3.2', `GET /a b HTTP/1.1\r\n${HOST}\r\n`),
  refused('a method with a control', '9110 §9.1', `GE\x01T / HTTP/1.1\r\n${HOST}\r\n`),
  refused('a fragment in the target', '9112 §3.2', get('', '/a#b')),
  refused('a target in absolute form with a user', '9110 §4.2.4', get('', 'http://me@localhost/')),
  refused('a target of another scheme', '9112 §3.2.2', get('', 'ftp://localhost/')),
  refused('CONNECT to a server that is no proxy', '9110 §9.3.6', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405),
  refused('an expectation that nobody knows', '9110 §10.1.1', get('Expect: magic\r\n'), 417),
  refused('too many bytes of fields', '6585 §5', get(`X-A: ${'b'.repeat(70_000)}\r\n`), 431),
  refused('too many fields', '6585 §5', get('X-A: b\r\n'.repeat(101)), 431),
];
