import type { Operation } from './operation.ts';
import type { Random } from './random.ts';
import { anyValue, damaged, validValue, type ValueContext } from './value.ts';

/** How far a request is from what the document asks for. */
type Intent = 'valid' | 'near' | 'odd';

export interface FuzzRequest {
  readonly operation: Operation;
  readonly intent: Intent;
  readonly method: string;
  /** Path and query, as it stands in the request line. */
  readonly target: string;
  readonly hasCredentials: boolean;
  /** Whether it may be cut off without an answer: its bytes are no HTTP, which may show when an answer has begun. */
  readonly mayBeCut: boolean;
  /** Whether it stands for the operation: its method, and its path with nothing but values filled in. */
  readonly isOfOperation: boolean;
  readonly bytes: Buffer;
}

export interface RequestContext extends ValueContext {
  readonly token: string;
  /** Ids that exist, for the parameter of a path; the collection is what stands before it. */
  readonly idsOf: (collection: string) => readonly string[];
  /** Makes a body keep the rules that its schema cannot say: fields that go together, or not. */
  readonly repaired: (operationId: string, body: unknown) => unknown;
}

/** A request to an operation: mostly as the document has it, or nearly so, sometimes quite odd. */
export function makeRequest(operation: Operation, context: RequestContext): FuzzRequest {
  const { random } = context;
  const intent = random.pick<Intent>(['valid', 'valid', 'near', 'near', 'near', 'odd']);
  const isOdd = intent === 'odd';
  const method = isOdd && random.chance(0.4) ? random.pick(METHODS) : operation.method;
  const path = isOdd && random.chance(0.5) ? oddPath(operation, context) : pathOf(operation, context);
  const fullTarget = `${path.text}${queryOf(operation, intent, context)}`;
  // Node waits for the end of a CONNECT with a target beyond its bound, until a time-out ends it.
  const target = method === 'CONNECT' ? fullTarget.slice(0, 1_000) : fullTarget;
  const [credentials, hasCredentials] = credentialsOf(context);
  const headers = ['Host: fuzz.test', ...credentials];
  const body = bodyOf(operation, intent, context);
  headers.push(...body.headers);
  const odd = isOdd || random.chance(0.15) ? random.pick(ODD_HEADERS)(random) : undefined;
  if (odd !== undefined) headers.push(odd);
  const head = `${method} ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body.bytes]);
  const isOfOperation = method === operation.method && path.isPlain;
  return { operation, intent, method, target, hasCredentials, mayBeCut: odd === BAD_CODING, isOfOperation, bytes };
}

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'get',
  'FOO',
  'CONNECT',
];

function pathOf({ path, parameters }: Operation, context: RequestContext): { text: string; isPlain: boolean } {
  const text = path.replaceAll(/([\w-]+)\/\{(\w+)\}/g, (_whole, collection: string, name: string) => {
    const ids = context.idsOf(collection);
    const place = (value: string): string => `${collection}/${encodeURIComponent(value)}`;
    if (ids.length > 0 && context.random.chance(0.7)) return place(context.random.pick(ids));
    const schema = parameters.find((each) => each.in === 'path' && each.name === name)?.schema ?? { type: 'string' };
    return place(String(validValue({ minLength: 1, ...schema }, context, name)));
  });
  return { text, isPlain: true };
}

const ODD_IDS = [
  '%00',
  '%ff',
  '%zz',
  '%',
  '..',
  '%2e%2e',
  '%2F',
  'a%0d%0ab',
  ';x',
  '*',
  "'",
  '%F0%9F%92%A9',
  'x'.repeat(150),
  'x'.repeat(17_000),
];

function oddPath(operation: Operation, context: RequestContext): { text: string; isPlain: boolean } {
  const { random } = context;
  const plain = pathOf(operation, context).text;
  const text = random.pick([
    () => operation.path.replaceAll(/\{\w+\}/g, () => random.pick(ODD_IDS)),
    () => `${plain}/`,
    () => plain.replace('/', '//'),
    () => `${plain}/${random.pick(ODD_IDS)}`,
    () => plain.toUpperCase(),
    () => plain.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    () => `http://other.test${plain}`,
    () => '*',
  ])();
  return { text, isPlain: false };
}

function queryOf({ parameters }: Operation, intent: Intent, context: RequestContext): string {
  const { random } = context;
  const pairs: string[] = [];
  for (const { in: place, name, schema, required } of parameters) {
    // What is left out of a wait is long.
    const isWanted = required === true || name === 'timeout_ms' || random.chance(0.4);
    if (place !== 'query' || !isWanted) continue;
    const isValid = intent === 'valid' || random.chance(0.5);
    const value = isValid ? validValue(schema, context, name) : anyValue(random);
    for (const each of [value].flat()) pairs.push(`${encodeURIComponent(name)}=${escaped(each)}`);
    if (intent !== 'valid' && random.chance(0.2)) pairs.push(`${name}=${escaped(value)}`);
  }
  if (intent !== 'valid' && random.chance(0.2)) pairs.push(random.pick(ODD_QUERIES));
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

const ODD_QUERIES = [
  'x=1',
  '=',
  '&&&',
  'limit=%zz',
  'limit[]=1',
  '__proto__=1',
  'cursor=%00',
  'a=%F0%28',
  'q=' + 'y'.repeat(9_000),
  'z=' + 'z'.repeat(17_000),
];

function escaped(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A lone surrogate cannot be encoded.
  return encodeURIComponent(text.toWellFormed());
}

/** With the token, mostly. */
function credentialsOf({ random, token }: RequestContext): [headers: string[], areGood: boolean] {
  if (random.chance(0.9)) return [[`Authorization: Bearer ${token}`], true];
  const bad = [
    [],
    ['Authorization: Bearer'],
    [`Authorization: Bearer ${token}x`],
    [`Authorization: Bearer ${token.slice(0, -1)}`],
    ['Authorization: Basic Og=='],
    ['Authorization: Basic ////'],
    ['Authorization: Bearer e30.e30.'],
    [`Authorization: ${'x'.repeat(4_000)}`],
    [`X-Authorization: Bearer ${token}`],
  ];
  return [random.pick(bad), false];
}

/** No end of the body can be told from it; Node finds that out behind the headers. */
const BAD_CODING = 'Transfer-Encoding: gzip';

const ODD_HEADERS: ReadonlyArray<(random: Random) => string> = [
  () => 'Accept: text/xml',
  () => 'Accept-Encoding: br, gzip',
  () => 'Range: bytes=0-1',
  () => 'If-Match: "1"',
  () => 'If-Match: rubbish',
  () => 'If-None-Match: *',
  () => 'If-Modified-Since: yesterday',
  () => 'Idempotency-Key: "same"',
  (random) => `Idempotency-Key: "${random.integer(0, 50)}"`,
  () => 'Idempotency-Key: \x7f',
  () => 'Last-Event-ID: 18446744073709551616',
  () => 'Expect: 100-continue',
  () => 'Expect: the unexpected',
  () => 'Upgrade: websocket\r\nConnection: upgrade',
  () => 'Connection: close',
  () => 'X-Forwarded-For: 10.0.0.1, 127.0.0.1',
  () => 'X-HTTP-Method-Override: DELETE',
  () => 'traceparent: 00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-ff',
  () => 'traceparent: rubbish',
  () => `Cookie: ${'a=b; '.repeat(200)}`,
  () => `X-Long: ${'x'.repeat(17_000)}`,
  () => `X-Latin: \xe4\xff`,
  () => 'X-Control: a\x01b',
  () => ' folded: line',
  () => 'No colon',
  () => BAD_CODING,
  () => 'Content-Length: 5\r\nContent-Length: 6',
];

interface BodyParts {
  readonly headers: readonly string[];
  readonly bytes: Buffer;
}

const NO_BODY: BodyParts = { headers: [], bytes: Buffer.alloc(0) };

function bodyOf({ id, body: schema, isBodyOptional }: Operation, intent: Intent, context: RequestContext): BodyParts {
  const { random } = context;
  if (schema === undefined) {
    return intent === 'valid' || random.chance(0.8) ? NO_BODY : plainJson(JSON.stringify(anyValue(random)));
  }
  if (intent === 'valid' && isBodyOptional && random.chance(0.4)) return NO_BODY;
  const value = context.repaired(id, validValue(schema, context));
  if (intent === 'valid') return plainJson(JSON.stringify(value));
  const text = JSON.stringify(random.chance(0.85) ? damaged(value, random) : anyValue(random)) ?? 'null';
  return intent === 'near' && random.chance(0.85) ? plainJson(text) : oddBody(text, random);
}

function plainJson(text: string): BodyParts {
  return withLength(['Content-Type: application/json'], Buffer.from(text));
}

function withLength(headers: readonly string[], bytes: Buffer): BodyParts {
  return { headers: [...headers, `Content-Length: ${bytes.length}`], bytes };
}

const JSON_TYPE = ['Content-Type: application/json'];
const ODD_TYPES = [
  'text/plain',
  'application/xml',
  'application/json; charset=utf-16',
  'application/json;;;',
  'APPLICATION/JSON',
  'a',
  '',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
];
const ODD_JSON = [
  '',
  ' ',
  '{',
  '[',
  '"',
  'nul',
  '{"a":1,}',
  '{"a":1}{"b":2}',
  '{"a":1e999}',
  '01',
  "{'a':1}",
  '{"a":1,"a":2}',
  '\ufeff{}',
  '[]',
  'null',
  '"text"',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
];

function oddBody(text: string, random: Random): BodyParts {
  switch (random.integer(0, 8)) {
    case 0:
      return withLength([`Content-Type: ${random.pick(ODD_TYPES)}`], Buffer.from(text));
    case 1:
      return withLength(JSON_TYPE, Buffer.from(random.pick(ODD_JSON)));
    case 2:
      return withLength(JSON_TYPE, Buffer.from(text, 'utf16le'));
    case 3:
      return withLength(JSON_TYPE, Buffer.from(text.slice(0, random.integer(0, text.length))));
    case 4:
      return withLength(JSON_TYPE, Buffer.concat([Buffer.from(text), Buffer.from([random.integer(0x80, 0xff)])]));
    case 5:
      return withLength(JSON_TYPE, Buffer.from(`${'{"a":'.repeat(5_000)}1`));
    case 6:
      return withLength(
        [...JSON_TYPE, `Content-Encoding: ${random.pick(['gzip', 'br', 'identity', 'x'])}`],
        Buffer.from(text),
      );
    case 7:
      return random.chance(0.1)
        ? withLength(JSON_TYPE, Buffer.alloc(1_048_577, 0x20))
        : withLength([], Buffer.from(text));
    default:
      return chunked(Buffer.from(text), random);
  }
}

function chunked(bytes: Buffer, random: Random): BodyParts {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = random.integer(1, 40);
    const part = bytes.subarray(at, at + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    at += size;
  }
  parts.push(Buffer.from('0\r\n\r\n'));
  return { headers: [...JSON_TYPE, 'Transfer-Encoding: chunked'], bytes: Buffer.concat(parts) };
}
