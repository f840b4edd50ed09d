import { createHmac, hash } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary ones. */
  readonly sessionToken?: string;
}

export interface SignedRequest {
  readonly method: string;
  /** As it goes over the wire: what has to be escaped is. */
  readonly url: URL;
  /** All that are sent and signed, with names in lower case; `host` is added. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body, hexadecimal. */
  readonly payload: string;
}

export interface SigningScope {
  readonly region: string;
  readonly service: string;
  /** ms since 1970. */
  readonly time: number;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/**
 * The headers of a request that is signed with AWS Signature Version 4 (docs.aws.amazon.com, "Create a signed AWS API
 * request"), for services that take the path as it is, as S3 does.
 */
export function signRequest(
  request: SignedRequest,
  credentials: AwsCredentials,
  { region, service, time }: SigningScope,
): Readonly<Record<string, string>> {
  const stamp = new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const date = stamp.slice(0, 8);
  const { sessionToken } = credentials;
  const headers: Readonly<Record<string, string>> = {
    ...request.headers,
    host: request.url.host,
    'x-amz-date': stamp,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const names = Object.keys(headers).toSorted();
  const signed = names.join(';');
  const canonical = [
    request.method,
    request.url.pathname,
    canonicalQuery(request.url.searchParams),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed,
    request.payload,
  ].join('\n');
  const scope = `${date}/${region}/${service}/aws4_request`;
  const text = [ALGORITHM, stamp, scope, hash('sha256', canonical)].join('\n');
  const key = [date, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  const credential = `${credentials.accessKeyId}/${scope}`;
  return {
    ...headers,
    authorization: `${ALGORITHM} Credential=${credential},SignedHeaders=${signed},Signature=${signature}`,
  };
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${awsEscape(name)}=${awsEscape(value)}`)
    .toSorted()
    .join('&');
}

/** As RFC 3986 §2.3 has it: more than `encodeURIComponent` escapes. */
export function awsEscape(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
