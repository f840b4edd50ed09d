import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawWorld } from '../conformance/raw.fixture.ts';
import { createRouter } from '../router/router.ts';
import { judgePreconditions } from './conditional.ts';
import { readRange } from './range.ts';
import { staticFiles } from './staticFiles.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-static-'));
  const root = join(folder, 'root');
  await mkdir(join(root, 'sub', '.well-known'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(root, 'ten.txt'), '0123456789');
  await writeFile(join(root, 'empty.bin'), '');
  await writeFile(join(root, '.hidden'), 'hidden');
  await writeFile(join(root, 'sub', 'index.html'), '<p>index</p>');
  await writeFile(join(root, 'app.js'), 'plain');
  await writeFile(join(root, 'app.js.gz'), gzipSync('small'));
  await symlink(join(folder, 'secret.txt'), join(root, 'out'));
  await symlink(join(root, 'ten.txt'), join(root, 'in'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function ask(path: string, fields = '', method = 'GET'): Promise<string> {
  const files = staticFiles({ folder: join(folder, 'root'), precompressed: true });
  using world = await rawWorld(createRouter().get('/*path', files).handler);
  const client = await world.connect();
  await client.send(Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: a\r\n${fields}\r\n`));
  await expect.poll(() => isWhole(client.received.toString('latin1'), method), { timeout: 9_000 }).toBe(true);
  return client.received.toString('latin1');
}

/** Whether all of an answer is there that its head announces. */
function isWhole(answer: string, method: string): boolean {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) return false;
  if (method === 'HEAD' || /^HTTP\/1\.1 (?:204|304) /.test(answer)) return true;
  const length = /^content-length: (\d+)\r$/im.exec(answer.slice(0, end + 2))?.[1];
  return length === undefined || answer.length >= end + 4 + Number(length);
}

describe('files of a folder', () => {
  it('are sent with their type, length and validators', async () => {
    const answer = await ask('/ten.txt');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const field of [
      'content-type: text/plain; charset=utf-8',
      'content-length: 10',
      'accept-ranges: bytes',
      'x-content-type-options: nosniff',
    ]) {
      expect(answer).toContain(`${field}\r\n`);
    }
    expect(answer).toMatch(/\r\n\r\n0123456789$/);
    expect(await ask('/empty.bin')).toContain('content-length: 0\r\n');
    expect(await ask('/sub')).toContain('<p>index</p>');
    expect(await ask('/in')).toContain('0123456789');
    expect(await ask('/ten.txt', '', 'HEAD')).toMatch(/content-length: 10\r\n[^]*\r\n\r\n$/);
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/%2e%2e%2fsecret.txt',
    '/sub/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/out',
    '/.hidden',
    '/ten.txt/',
    '/ten.txt%00',
    '/nothing',
    '/',
  ])('do not include %s', async (path) => {
    const answer = await ask(path);
    if (path === '/ten.txt/') return expect(answer).not.toContain('secret');
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).not.toContain('hidden\r\n');
  });

  it('are sent in part when a part is asked for', async () => {
    expect(await ask('/ten.txt', 'range: bytes=2-4\r\n')).toMatch(
      /206 [^]*content-range: bytes 2-4\/10\r\n[^]*\r\n\r\n234$/,
    );
    expect(await ask('/ten.txt', 'range: bytes=-3\r\n')).toMatch(/206 [^]*\r\n\r\n789$/);
    expect(await ask('/ten.txt', 'range: bytes=10-\r\n')).toMatch(/416 [^]*content-range: bytes \*\/10\r\n/);
    expect(await ask('/ten.txt', 'range: bytes=2-4\r\nif-range: "other"\r\n')).toMatch(/200 [^]*0123456789$/);
    const several = await ask('/ten.txt', 'range: bytes=0-1,4-5\r\n');
    expect(several).toMatch(
      /206 [^]*multipart\/byteranges; boundary=[^]*bytes 0-1\/10\r\n\r\n01\r\n--[^]*bytes 4-5\/10\r\n\r\n45\r\n--[^]*--\r\n$/,
    );
    const [head = '', ...rest] = several.split('\r\n\r\n');
    expect(Number(/content-length: (\d+)/.exec(head)?.[1])).toBe(rest.join('\r\n\r\n').length);
  });

  it('are not sent again when nothing has changed', async () => {
    const first = await ask('/ten.txt');
    const etag = /etag: (\S+)/.exec(first)?.[1] ?? '';
    const modified = /last-modified: ([^\r]+)/.exec(first)?.[1] ?? '';
    expect(await ask('/ten.txt', `if-none-match: ${etag}\r\n`)).toMatch(/^HTTP\/1\.1 304 /);
    expect(await ask('/ten.txt', `if-modified-since: ${modified}\r\n`)).toMatch(/^HTTP\/1\.1 304 /);
    expect(await ask('/ten.txt', 'if-match: "other"\r\n')).toMatch(/^HTTP\/1\.1 412 /);
  });

  it('are sent as they were compressed beforehand to who takes it', async () => {
    expect(await ask('/app.js', 'accept-encoding: gzip\r\n')).toMatch(/content-encoding: gzip\r\n/);
    expect(await ask('/app.js', 'accept-encoding: gzip;q=0\r\n')).toMatch(/\r\n\r\nplain$/);
    expect(await ask('/app.js')).toContain('vary: accept-encoding\r\n');
  });
});

describe('a Range field (RFC 9110 §14)', () => {
  it.each<[string, ReturnType<typeof readRange>]>([
    ['bytes=0-0', [{ from: 0, to: 0 }]],
    ['bytes=5-', [{ from: 5, to: 9 }]],
    ['bytes=5-99', [{ from: 5, to: 9 }]],
    ['bytes=-99', [{ from: 0, to: 9 }]],
    [
      'bytes=7-8, 0-1',
      [
        { from: 0, to: 1 },
        { from: 7, to: 8 },
      ],
    ],
    ['bytes=0-1,20-30', [{ from: 0, to: 1 }]],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=0-5,3-8', 'ignored'],
    ['bytes=5-4', 'ignored'],
    ['bytes=', 'ignored'],
    ['bytes=-', 'ignored'],
    ['bytes=a-b', 'ignored'],
    ['lines=0-1', 'ignored'],
    [`bytes=${Array.from({ length: 9 }, (_, at) => `${at}-${at}`).join()}`, 'ignored'],
    ['bytes=9999999999999999-', 'ignored'],
  ])('%s of ten bytes', (field, expected) => {
    expect(readRange(field, 10)).toEqual(expected);
  });
});

describe('preconditions (RFC 9110 §13.2.2)', () => {
  const modifiedAt = Date.UTC(2026, 0, 1);
  const [before, then, after] = [-1_000, 0, 1_000].map((ms) => new Date(modifiedAt + ms).toUTCString());
  it.each<[string, Record<string, string | undefined>, string]>([
    ['GET', {}, 'go'],
    ['GET', { 'if-none-match': '"a"' }, 'not-modified'],
    ['GET', { 'if-none-match': 'W/"a"' }, 'not-modified'],
    ['GET', { 'if-none-match': '"b", "a"' }, 'not-modified'],
    ['GET', { 'if-none-match': '*' }, 'not-modified'],
    ['PUT', { 'if-none-match': '*' }, 'failed'],
    ['GET', { 'if-none-match': '"b"', 'if-modified-since': after }, 'go'],
    ['GET', { 'if-modified-since': then }, 'not-modified'],
    ['GET', { 'if-modified-since': before }, 'go'],
    ['GET', { 'if-modified-since': 'yesterday' }, 'go'],
    ['PUT', { 'if-modified-since': after }, 'go'],
    ['PUT', { 'if-match': '"a"' }, 'go'],
    ['PUT', { 'if-match': 'W/"a"' }, 'failed'],
    ['PUT', { 'if-match': '*' }, 'go'],
    ['PUT', { 'if-match': '"b"' }, 'failed'],
    ['PUT', { 'if-unmodified-since': then }, 'go'],
    ['PUT', { 'if-unmodified-since': before }, 'failed'],
    ['PUT', { 'if-match': '"a"', 'if-unmodified-since': before }, 'go'],
  ])('%s %o', (method, given, expected) => {
    const headers = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    expect(judgePreconditions(method, headers as Record<string, string>, { etag: '"a"', modifiedAt })).toBe(expected);
  });
});
