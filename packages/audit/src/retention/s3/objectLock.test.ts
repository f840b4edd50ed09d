import { createHash, hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArchiveManifest } from '../archive.ts';
import { parsePeriod, type Period } from '../period.ts';
import { createObjectLockStore, type ObjectLockStore } from './objectLock.ts';
import { signRequest } from './signature.ts';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
const NOW = Date.UTC(2026, 0, 31, 12);
/** S3 takes a request for 15 minutes (`RequestTimeTooSkewed`). */
const SKEW_MS = 900_000;

interface Stored {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

type Answered = readonly [status: number, code?: string | undefined, headers?: http.OutgoingHttpHeaders];

/** Takes what S3 takes of a bucket with Object Lock, and refuses with its codes what it refuses. */
class Bucket {
  readonly stored: Stored[] = [];
  readonly answered: number[] = [];
  readonly #server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [status, code, headers] = this.#take(request, Buffer.concat(chunks));
      this.answered.push(status);
      response.writeHead(status, headers).end(code && `<Error><Code>${code}</Code></Error>`);
    });
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  /** Whether it keeps locks, as a service that is like S3 may not. */
  locks = true;

  #head(url: string): Answered {
    const found = this.stored.find(({ path }) => path === url);
    if (found === undefined) return [404];
    const lock = Object.entries(found.headers).filter(([name]) => name.startsWith('x-amz-object-lock-'));
    return [200, undefined, this.locks ? Object.fromEntries(lock) : {}];
  }

  #take({ method = '', url = '', headers }: http.IncomingMessage, body: Buffer): Answered {
    const { authorization, host, 'x-amz-date': stamp = '', 'x-amz-content-sha256': payload, ...rest } = headers;
    const names = /SignedHeaders=([^,]+),/.exec(authorization ?? '')?.[1]?.split(';') ?? [];
    const given = Object.entries({ ...rest, 'x-amz-content-sha256': payload });
    const signed = Object.fromEntries(given.filter(([name]) => names.includes(name))) as Record<string, string>;
    const time = Date.parse(String(stamp).replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
    const expected = signRequest(
      { method, url: new URL(url, `http://${host}`), headers: signed, payload: String(payload) },
      CREDENTIALS,
      { region: 'eu-central-1', service: 's3', time },
    );
    if (expected['authorization'] !== authorization) return [403, 'SignatureDoesNotMatch'];
    if (Math.abs(time - NOW) > SKEW_MS) return [403, 'RequestTimeTooSkewed'];
    if (method === 'HEAD') return this.#head(url);
    if (hash('sha256', body) !== payload) return [400, 'XAmzContentSHA256Mismatch'];
    const checksum = headers['x-amz-checksum-sha256'];
    if (checksum === undefined) return [400, 'InvalidRequest'];
    if (createHash('sha256').update(body).digest('base64') !== checksum) return [400, 'BadDigest'];
    const until = Date.parse(String(headers['x-amz-object-lock-retain-until-date']));
    if (headers['x-amz-object-lock-mode'] !== 'COMPLIANCE' || !(until > NOW)) return [400, 'InvalidArgument'];
    if (!names.includes('x-amz-object-lock-mode')) return [403, 'AccessDenied'];
    this.stored.push({ path: url, headers, body });
    return [200];
  }
}

let bucket: Bucket;
let endpoint: string;
let directory: string;
let scope: Scope;
beforeEach(async () => {
  scope = createScope();
  bucket = new Bucket();
  endpoint = await bucket.start();
  directory = await mkdtemp(join(tmpdir(), 'audit-s3-'));
});
afterEach(async () => {
  scope.end();
  await bucket.stop();
  await rm(directory, { recursive: true });
});

function store(changes: object = {}): ObjectLockStore {
  const options = {
    endpoint,
    region: 'eu-central-1',
    bucket: 'evidence',
    prefix: 'site a/',
    retain: parsePeriod('1mo') as Period,
    credentials: CREDENTIALS,
    ...changes,
  };
  return createObjectLockStore(options, () => NOW);
}

async function archive(bytes: Buffer): Promise<[ArchiveManifest, { data: string; manifest: string }]> {
  const paths = { data: join(directory, 'data'), manifest: join(directory, 'manifest') };
  await writeFile(paths.data, bytes);
  await writeFile(paths.manifest, '{}');
  const packed = { bytes: bytes.length, sha256: hash('sha256', bytes), compression: 'zstd' };
  return [{ journal: 'J', segment: 7, archive: packed } as ArchiveManifest, paths];
}

describe('a bucket with object lock', () => {
  it('gets the archive and its manifest, locked for as long as it should be', async () => {
    const bytes = Buffer.alloc(300_000, 'x');
    await store().archives.put(...(await archive(bytes)), scope);
    expect(bucket.stored.map(({ path }) => path)).toEqual([
      '/evidence/site%20a/J/00000007.seg.zst',
      '/evidence/site%20a/J/00000007.manifest.json',
    ]);
    expect(bucket.stored[0]?.body.equals(bytes)).toBe(true);
    expect(bucket.stored[0]?.headers).toMatchObject({
      'x-amz-object-lock-mode': 'COMPLIANCE',
      'x-amz-object-lock-retain-until-date': '2026-02-28T12:00:00.000Z',
    });
  });

  it('gets checkpoints, in order by name', async () => {
    const note = 'a note\n';
    await store().checkpoints.put({ origin: 'roundhouse/J', size: 42, note } as never, scope);
    expect(bucket.stored[0]).toMatchObject({ path: '/evidence/site%20a/J/checkpoints/0000000000000042' });
    expect(bucket.stored[0]?.body.toString()).toBe(note);
  });

  it.each([
    [{ credentials: { ...CREDENTIALS, secretAccessKey: 'other' } }, 'SignatureDoesNotMatch'],
    [{ region: 'us-east-1' }, 'SignatureDoesNotMatch'],
    [{ endpoint: 'http://127.0.0.1:1' }, 'ECONNREFUSED'],
  ])('says why it did not take something, with %j', async (changes, reason) => {
    const putting = store(changes).archives.put(...(await archive(Buffer.from('x'))), scope);
    await expect(putting).rejects.toMatchObject({
      code: 'AUDIT_SINK_FAILED',
      message: expect.stringContaining(reason),
    });
    expect(bucket.stored).toEqual([]);
  });

  it('takes nothing that is not what its manifest says', async () => {
    const [manifest, paths] = await archive(Buffer.from('right'));
    await writeFile(paths.data, 'wrong');
    await expect(store().archives.put(manifest, paths, scope)).rejects.toMatchObject({ code: 'AUDIT_SINK_FAILED' });
    expect([bucket.stored, bucket.answered]).toEqual([[], [400]]);
  });

  it('has an address', () => {
    expect(() => store({ endpoint: 'ftp://x' })).toThrow(expect.objectContaining({ code: 'AUDIT_OPTIONS_INVALID' }));
  });

  it('says what the bucket says of what was sent last, and not what was asked for', async () => {
    const { checkpoints, state } = store();
    expect(await state(scope)).toEqual({ state: 'unknown', bucket: 'evidence', reason: expect.any(String) as string });
    await checkpoints.put({ origin: 'roundhouse/J', size: 42, note: 'x' } as never, scope);
    const object = expect.stringMatching(/J\/checkpoints\/0000000000000042$/) as string;
    const until = bucket.stored[0]?.headers['x-amz-object-lock-retain-until-date'];
    expect(await state(scope)).toEqual({ state: 'in_force', bucket: 'evidence', object, retain_until: until });
    bucket.locks = false;
    expect(await state(scope)).toMatchObject({ state: 'not_in_force' });
    bucket.stored.length = 0;
    expect(await state(scope)).toMatchObject({ state: 'unknown', reason: 'it answers with status 404' });
  });
});
