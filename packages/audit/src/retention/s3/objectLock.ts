import { createReadStream } from 'node:fs';
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as requestHttp } from 'node:http';
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
}

interface Body {
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
  readonly open: () => Readable;
}

/** Longest that an upload takes, ms. */
const UPLOAD_MS = 3_600_000;
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
  const put = async (key: string, body: Body, scope: Scope): Promise<void> => {
    try {
      await putObject(urlOf(endpoint, [bucket, ...`${prefix}${key}`.split('/')]), body, options, now(), scope);
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
  const { status, text } = await send(url, headers, open(), bounded);
  if (status < 200 || status > 299) {
    const [, code] = /<Code>([A-Za-z\d.]{1,64})<\/Code>/.exec(text) ?? [];
    throw new Error(`it answers with status ${status}${code === undefined ? '' : ` (${code})`}`);
  }
}

/** Follows no redirection: it would need another signature. */
function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: Readable,
  scope: Scope,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = url.protocol === 'https:' ? requestHttps : requestHttp;
    const failed = (error: unknown): void => {
      body.destroy();
      reject(error);
    };
    const outgoing = request(url, { method: 'PUT', headers, agent: false, signal: scope.signal });
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
        resolve({ status: answer.statusCode ?? 0, text });
      });
    });
    body.pipe(outgoing);
  });
}
