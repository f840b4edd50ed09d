import { isUtf8 } from 'node:buffer';
import { createScope } from '@roundhouse/core';
import { createRuntime, type DialHooks, type NetRuntime } from '@roundhouse/net';
import { createHttpClient, type HttpResult, type HttpVersionName } from '@roundhouse/protocols/http';
import { parseName } from '../arguments.ts';
import { EXIT } from '../exit.ts';
import { stopSignal } from '../foreground.ts';
import { readText } from '../input.ts';
import type { VerdictIo } from '../io.ts';
import { printable, writeJson } from '../render.ts';
import { fieldsOf } from './fields.ts';
import { type TlsFlags, tlsOf } from './tlsOptions.ts';

export interface HttpSettings extends TlsFlags {
  readonly request?: string;
  readonly header: readonly string[];
  readonly data?: string;
  readonly include?: true;
  readonly http?: string;
  readonly timeoutMs: number;
  readonly json?: true;
}

const VERSIONS: Readonly<Record<'1.1' | '2', readonly HttpVersionName[]>> = { '1.1': ['http/1.1'], '2': ['h2'] };
/** What came at what time, ms since the beginning. */
type Times = Record<string, number>;

/** Makes one request, redirects not followed. The exit code is 1 for a status from 400. */
export async function call(url: string, settings: HttpSettings, io: VerdictIo): Promise<void> {
  const { timeoutMs, http } = settings;
  using scope = createScope({ signal: stopSignal(io), ...(io.clock && { clock: io.clock }) });
  const startedAt = scope.clock.monotonic();
  const times: Times = {};
  const mark = (name: string): void => void (times[name] ??= scope.clock.monotonic() - startedAt);
  const versions = http === undefined ? {} : { versions: VERSIONS[parseName('version', http, ['1.1', '2'])] };
  const timeouts = { connectMs: timeoutMs, tlsMs: timeoutMs, greetingMs: timeoutMs, requestMs: timeoutMs };
  const client = createHttpClient(
    { tls: await tlsOf(settings, io), timeouts, maxRedirects: 0, ...versions },
    withMarks(mark),
  );
  try {
    const body = await bodyOf(settings.data, io);
    const method = settings.request?.toUpperCase() ?? (body === undefined ? 'GET' : 'POST');
    const options = { method, headers: fieldsOf(settings.header), timeoutMs, ...(body !== undefined && { body }) };
    const result = await client.request(url, options, scope);
    mark('answered');
    const bytes = Buffer.from(await result.body.bytes());
    mark('done');
    show(result, bytes, times, settings, io);
    if (result.status >= 400) io.conclude(EXIT.Failure);
  } finally {
    client.abort();
  }
}

async function bodyOf(data: string | undefined, io: VerdictIo): Promise<string | undefined> {
  return data?.startsWith('@') === true ? readText(data.slice(1), io) : data;
}

/** Notes when a connection begins to be made, and when it stands. */
function withMarks(mark: (name: string) => void): NetRuntime {
  const runtime = createRuntime();
  const { dialer } = runtime;
  const hooks: DialHooks = { onPhase: (phase) => mark(`${phase}_begun`) };
  return {
    ...runtime,
    dialer: {
      name: dialer.name,
      async dial(target, scope) {
        const dialled = await dialer.dial(target, scope, hooks);
        mark('connected');
        return dialled;
      },
    },
  };
}

function show(result: HttpResult, bytes: Buffer, times: Times, settings: HttpSettings, { stdout }: VerdictIo): void {
  const { version, status, headers } = result;
  if (settings.json === true) {
    const at_ms = Object.fromEntries(Object.entries(times).map(([name, ms]) => [name, Math.round(ms * 1e3) / 1e3]));
    const body = isUtf8(bytes) ? { body: bytes.toString() } : { body_base64: bytes.toString('base64') };
    writeJson(stdout, { version, status, headers, at_ms, ...body });
    return;
  }
  if (settings.include === true) {
    stdout.write(`HTTP/${version} ${status}\n`);
    for (const [name, value] of Object.entries(headers)) stdout.write(`${printable(`${name}: ${value}`)}\n`);
    stdout.write('\n');
  }
  if (!isUtf8(bytes)) stdout.write(`(${bytes.byteLength} bytes that are no text: --json shows them in base64)\n`);
  // What comes must not steer a terminal; a file gets it as it is.
  else stdout.write(stdout.isTTY === true ? printable(bytes.toString(), true) : bytes.toString());
}
