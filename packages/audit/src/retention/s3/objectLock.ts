import { createReadStream } from 'node:fs';
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { Readable } from 'node:stream';
import type { Scope } from '@roundhouse/core';
import { auditError } from '../../errors.ts';
import type { CheckpointSink } from '../../sink/sink.ts';
import type { ArchiveSink } from '../apply.ts';
import type { ArchiveManifest } from '../archive.ts';
import { endOf, type Period } from '../period.ts';
import { type AwsCredentials, awsEscape, signRequest } from './signature.ts';

export interface ObjectLockOptions {
  readonly name?: string;
  /** Of the service: `https://s3.eu-central-1.amazonaws.com`. The bucket is the first part of the path. */
  readonly endpoint: string;
  readonly region: string;
  /** One with Object Lock, which must have been asked for when it was made. */
  readonly bucket: string;
  /** Before each name. Default none. */
  readonly prefix?: string;
  /** How long nobody can remove or change what is sent, not even who owns the bucket. */
  readonly retain: Period;
  readonly credentials: AwsCredentials;
}

/** A bucket for archives and for checkpoints. */
export interface ObjectLockStore {
  readonly archives: ArchiveSink;
  readonly checkpoints: CheckpointSink;
  /** Asks the bucket about the object that was sent last; raises nothing but the reason of the scope. */
  readonly state: (scope: Scope) => Promise<ObjectLockState>;
}

/**
 * `in_force`: the bucket says that nobody can remove what was sent last before its time. `not_in_force`: it says nothing of
 * the kind. `unknown`: nothing was sent since the start, or it cannot be asked.
 */
export interface ObjectLockState {
  readonly state: 'off' | 'in_force' | 'not_in_force' | 'unknown';
  readonly bucket?: string;
  /** The object that was asked about. */
  readonly object?: string;
  readonly retain_until?: string;
  readonly reason?: string;
}

interface Body {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly open: () => Readable;
}

/** Longest that an upload takes, ms. */
const UPLOAD_MS = 3_600_000;
/** Longest that a question takes, ms. */
const ASKING_MS = 5_000;
/** Most of an answer that is read, characters: what S3 says about a failure. */
const MAX_ANSWER = 4_096;

/**
 * Keeps objects in S3 under Object Lock in mode COMPLIANCE. An object that is sent again is another version of it; the first
 * stays as it is. Raises AUDIT_OPTIONS_INVALID.
 */
export function createObjectLockStore(options: ObjectLockOptions, now: () => number): ObjectLockStore {
  const { endpoint, bucket, prefix = '', name = `s3:${bucket}` } = options;
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    const details = { option: 'endpoint', expected: 'an address with http: or https:' };
    throw auditError('AUDIT_OPTIONS_INVALID', { details });
  }
  let last: string | undefined;
  const at = (key: string): URL => urlOf(endpoint, [bucket, ...`${prefix}${key}`.split('/')]);
  const put = async (key: string, body: Body, scope: Scope): Promise<void> => {
    try {
      await putObject(at(key), body, options, now(), scope);
      last = key;
    } catch (cause) {
      scope.throwIfEnded();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw auditError('AUDIT_SINK_FAILED', { details: { sink: name, reason }, cause });
    }
  };
  return {
    archives: {
      name,
      async put({ journal, segment, archive }: ArchiveManifest, paths, scope) {
        const at = `${journal}/${String(segment).padStart(8, '0')}`;
        await put(`${at}.seg.zst`, { ...archive, open: () => createReadStream(paths.data) }, scope);
        await put(`${at}.manifest.json`, bodyOf(await readFile(paths.manifest)), scope);
      },
    },
    async state(scope) {
      if (last === undefined) return { state: 'unknown', bucket, reason: 'nothing was sent since the start' };
      const object = `${prefix}${last}`;
      try {
        return { bucket, object, ...(await lockOf(at(last), options, now(), scope)) };
      } catch (cause) {
        scope.throwIfEnded();
        return { state: 'unknown', bucket, object, reason: cause instanceof Error ? cause.message : String(cause) };
      }
    },
    checkpoints: {
      name,
      async put({ origin, size, note }, scope) {
        const journal = origin.replace('roundhouse/', '');
        await put(`${journal}/checkpoints/${String(size).padStart(16, '0')}`, bodyOf(Buffer.from(note)), scope);
      },
    },
  };
}

function bodyOf(bytes: Buffer): Body {
  return {
    bytes: bytes.length,
    sha256: hash('sha256', bytes),
    open: () => Readable.from([bytes], { objectMode: false }),
  };
}

function urlOf(endpoint: string, parts: readonly string[]): URL {
  return new URL(`${endpoint.replace(/\/+$/, '')}/${parts.map(awsEscape).join('/')}`);
}

async function putObject(
  url: URL,
  { bytes, sha256, open }: Body,
  { region, retain, credentials }: ObjectLockOptions,
  time: number,
  scope: Scope,
): Promise<void> {
  const headers = signRequest(
    {
      method: 'PUT',
      url,
      payload: sha256,
      headers: {
        'content-length': String(bytes),
        // Object Lock asks for a checksum of the body beside the signature.
        'x-amz-checksum-sha256': Buffer.from(sha256, 'hex').toString('base64'),
        'x-amz-content-sha256': sha256,
        'x-amz-object-lock-mode': 'COMPLIANCE',
        'x-amz-object-lock-retain-until-date': new Date(endOf(time, retain)).toISOString(),
      },
    },
    credentials,
    { region, service: 's3', time },
  );
  using bounded = scope.child({ what: 'Sending to S3', timeoutMs: UPLOAD_MS });
  throwIfRefused(await send('PUT', url, headers, open(), bounded));
}

/** What the bucket says of an object: HeadObject of the API of S3. */
async function lockOf(
  url: URL,
  { region, credentials }: ObjectLockOptions,
  time: number,
  scope: Scope,
): Promise<Pick<ObjectLockState, 'state' | 'retain_until'>> {
  const payload = hash('sha256', '');
  const request = { method: 'HEAD', url, payload, headers: { 'x-amz-content-sha256': payload } };
  const headers = signRequest(request, credentials, { region, service: 's3', time });
  using bounded = scope.child({ what: 'Asking S3', timeoutMs: ASKING_MS });
  const answer = await send('HEAD', url, headers, Readable.from([]), bounded);
  throwIfRefused(answer);
  const { 'x-amz-object-lock-mode': mode, 'x-amz-object-lock-retain-until-date': until } = answer.headers;
  const end = typeof until === 'string' ? Date.parse(until) : NaN;
  if (mode !== 'COMPLIANCE' || !(end > time)) return { state: 'not_in_force' };
  return { state: 'in_force', retain_until: new Date(end).toISOString() };
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

function throwIfRefused({ status, text }: Answer): void {
  if (status >= 200 && status <= 299) return;
  const [, code] = /<Code>([A-Za-z\d.]{1,64})<\/Code>/.exec(text) ?? [];
  throw new Error(`it answers with status ${status}${code === undefined ? '' : ` (${code})`}`);
}

/** Follows no redirection: it would need another signature. */
function send(
  method: 'PUT' | 'HEAD',
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Readable,
  scope: Scope,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const failed = (error: unknown): void => {
      body.destroy();
      reject(error);
    };
    const outgoing = request(url, { method, headers, agent: false, signal: scope.signal });
    outgoing.once('error', failed);
    body.once('error', (error) => outgoing.destroy(error));
    outgoing.once('response', (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        if (text.length < MAX_ANSWER) text += piece;
      });
      answer.once('error', failed);
      answer.once('end', () => {
        body.destroy();
        resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers });
      });
    });
    body.pipe(outgoing);
  });
}
