import { type Scope } from '@roundhouse/core';
import {
  type Address,
  checkHost,
  createRuntime,
  netError,
  type NetRuntime,
  resolveTimeouts,
  type TlsClientOptions,
} from '@roundhouse/net';
import type { Probe, ProbeResult, ProbeStep } from '@roundhouse/traffic';
import type { ProbeFacts, Scheme } from './checker.ts';
import { failureOf, isTimeout, Phases } from './phases.ts';
import { SCHEMES } from './schemes.ts';

export interface ProbeOptions {
  /** The whole of it, ms. Default 10,000. */
  readonly timeoutMs?: number;
  readonly tls?: Omit<TlsClientOptions, 'alpn'>;
  /** Schemes besides those that are built in, or instead of them. */
  readonly schemes?: Readonly<Record<string, Scheme>>;
}

/** What a probe measured. */
export interface ProbeReport {
  readonly url: string;
  readonly outcome: 'ok' | 'failed';
  readonly elapsedMs: number;
  /** In their order; of a probe that failed the last one has. */
  readonly phases: readonly ProbeStep[];
  readonly facts: Readonly<ProbeFacts>;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

/** Schemes that can be probed, e.g. `https`. */
export const PROBE_SCHEMES: readonly string[] = Object.keys(SCHEMES);

const DEFAULT_TIMEOUT_MS = 10_000;

/**
 * Connects to a service and makes one harmless request, each phase timed. Resolves with what was found, failures
 * included, within its time or that of the scope; rejects only with NET_OPTION_INVALID, ADDRESS_INVALID, or the reason of a scope that was
 * ended.
 */
export async function probeUrl(
  text: string,
  options: ProbeOptions,
  scope: Scope,
  runtime: NetRuntime = createRuntime(),
): Promise<ProbeReport> {
  const { url, address, scheme } = readProbeUrl(text, options.schemes);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, tls = {} } = options;
  const time = Math.max(timeoutMs, 1);
  const timeouts = resolveTimeouts({
    connectMs: time,
    tlsMs: time,
    greetingMs: time,
    requestMs: time,
    idleMs: time,
    drainMs: time,
  });
  const { clock } = runtime;
  const startedAt = clock.monotonic();
  const phases = new Phases(clock);
  const facts: ProbeFacts = {};
  using own = scope.child({ what: `The probe of ${url.host}`, timeoutMs });
  const report = (): Pick<ProbeReport, 'url' | 'elapsedMs' | 'phases' | 'facts'> => ({
    url: text,
    elapsedMs: clock.monotonic() - startedAt,
    phases: phases.all,
    facts,
  });
  try {
    const check = await own.race(scheme.load());
    await own.race(check({ url, address, tls, timeouts, runtime, scope: own, enter: phases.enter, facts }));
    phases.succeed();
    return { ...report(), outcome: 'ok' };
  } catch (error) {
    const reason: unknown = scope.signal.aborted ? scope.signal.reason : error;
    if (scope.signal.aborted && !isTimeout(reason)) throw reason;
    const failure = failureOf(reason);
    phases.fail(failure.code);
    return { ...report(), outcome: 'failed', error: failure };
  }
}

/** A probe of endpoints, as the health of `@roundhouse/traffic` asks for. Raises NET_OPTION_INVALID, ADDRESS_INVALID. */
export function createUrlProbe<Target>(
  kind: string,
  urlOf: (target: Target) => string,
  options: ProbeOptions = {},
  runtime: NetRuntime = createRuntime(),
): Probe<Target> {
  return {
    kind,
    async check({ target }, scope): Promise<ProbeResult> {
      const { outcome, elapsedMs, phases: steps, error } = await probeUrl(urlOf(target), options, scope, runtime);
      if (error === undefined) return { outcome, elapsedMs, steps };
      return { outcome, elapsedMs, steps, error: { code: error.code, message: error.message } };
    },
  };
}

/** What a URL asks to be probed. Raises NET_OPTION_INVALID, ADDRESS_INVALID. */
export function readProbeUrl(
  text: string,
  more: ProbeOptions['schemes'] = {},
): { readonly url: URL; readonly address: Address; readonly scheme: Scheme } {
  const all = { ...SCHEMES, ...more };
  const [, name = '', rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  const scheme = Object.hasOwn(all, name.toLowerCase()) ? all[name.toLowerCase()] : undefined;
  if (scheme === undefined) {
    throw invalid(
      name === '' ? 'it has no scheme' : `${name} is no scheme`,
      `Write one of ${Object.keys(all).join(', ')}, like https://HOST/.`,
    );
  }
  // Host, port and path of schemes that the URL standard does not know are read as those of HTTP.
  const url = URL.parse(`http://${rest}`);
  if (url === null || url.hostname === '') throw invalid('it has no host', `Write ${name}://HOST:PORT.`);
  if (url.username !== '' || url.password !== '') {
    throw invalid('it has a user name', 'A probe logs in nowhere: leave user and password out.');
  }
  // The standard leaves the default port of a scheme out: of two schemes at least one has it.
  const saidPort = url.port || URL.parse(`https://${rest}`)?.port || undefined;
  const port = saidPort === undefined ? scheme.defaultPort : Number(saidPort);
  if (port === 0) throw invalid('it has no port', `Write ${name}://HOST:PORT.`);
  const address = { host: checkHost(url.hostname.replace(/^\[|\]$/g, '')), port };
  return { url: withScheme(url, name.toLowerCase(), saidPort), address, scheme };
}

/** A URL of a known scheme gets it back; those of others stay as they were read. */
function withScheme(url: URL, name: string, port: string | undefined): URL {
  const known = URL.parse(
    `${name}://${url.hostname}${port === undefined ? '' : `:${port}`}${url.pathname}${url.search}`,
  );
  return known !== null && known.hostname === url.hostname ? known : url;
}

function invalid(reason: string, hint: string): Error {
  return netError('NET_OPTION_INVALID', { details: { reason: `The URL cannot be probed: ${reason}` }, hint });
}
