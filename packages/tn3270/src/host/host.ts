import { coreError, createScope, type Logger, type Scope, silentLogger } from '@roundhouse/core';
import { listen, type Listener, type TlsServerOptions, type Transport } from '@roundhouse/net';
import { codePage, DEFAULT_CODE_PAGE } from '../codepage/registry.ts';
import type { CodePage } from '../codepage/codePage.ts';
import { type ConnectionSettings, HostConnection } from './connection.ts';
import { hostError } from './errors.ts';
import { type LuAllocator, type LuOptions, LuTable } from './lu.ts';
import { type RawApplication, rawService } from './rawTerminal.ts';
import type { TerminalServiceFactory } from './service.ts';
import { type HostApplication, screenService } from './terminal.ts';

export interface HostOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** TLS from the first byte. */
  readonly tls?: TlsServerOptions;
  /** TLS inside telnet: offered to each plain terminal, or required of it. */
  readonly startTls?: TlsServerOptions & { readonly required?: boolean };
  /** Offer TN3270E; classic TN3270 remains for terminals without. Default true. */
  readonly tn3270e?: boolean;
  /** Which LUs there are, or who gives them out. */
  readonly lus?: LuOptions | LuAllocator;
  /** Default: that of the reference emulator, `bracket`. */
  readonly codePage?: string;
  /** Application name of the BIND, 1 to 8 characters. Default `HOST`. */
  readonly pluName?: string;
  /** Most terminals at a time; one more is cut at once. Default 1,000. */
  readonly maxTerminals?: number;
  /** From the connection to the end of negotiation, STARTTLS included. 1 … 600,000 ms, default 20,000. */
  readonly negotiationTimeoutMs?: number;
  /** Longest wait for a person at a screen. 1 … 86,400,000 ms, default 1,800,000. */
  readonly idleTimeoutMs?: number;
  /** Longest wait for an answer that needs no person. 1 … 600,000 ms, default 10,000. */
  readonly replyTimeoutMs?: number;
  /** Silence after which a terminal is asked for a timing mark; 0 never. Up to 86,400,000 ms, default 60,000. */
  readonly keepAliveMs?: number;
  /** Longest record from a terminal. 1,024 … 1,048,576 bytes, default 65,536. */
  readonly maxRecordBytes?: number;
}

/** Options of a host whose terminals are handled record by record; a person may be idle as long as they like. */
export type RawHostOptions = Omit<HostOptions, 'idleTimeoutMs'>;

export interface HostDependencies {
  readonly log?: Logger;
}

/** A running host. */
export interface Host extends AsyncDisposable {
  readonly port: number;
  /** Terminals connected, those that still negotiate included. */
  readonly terminalCount: number;
  /** LUs in use. */
  readonly heldLus: readonly string[];
  /** Stops accepting and lets sessions end by themselves; closes those that are left after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>;
  /** Stops accepting and closes every session; waits a bounded time for their applications to return. Idempotent. */
  close(): Promise<void>;
  /**
   * Takes other certificates for the terminals to come: for TLS from the first byte, and for STARTTLS. Raises
   * TLS_MATERIAL_INVALID, and NOT_SUPPORTED where the host has none of that kind.
   */
  setTls(certificates: { readonly tls?: TlsServerOptions; readonly startTls?: TlsServerOptions }): void;
}

const DAY_MS = 86_400_000;
/** An application that neither uses its terminal nor heeds its scope is not waited for any longer. */
const APPLICATION_GRACE_MS = 5_000;
const TEN_MINUTES_MS = 600_000;

/**
 * Serves terminals on a port: `application` runs once for each, and its end ends that session. Rejects with
 * HOST_OPTION_INVALID, LU_TABLE_INVALID, CODE_PAGE_UNKNOWN, or what `listen` of @roundhouse/net raises. The end of the
 * scope cuts every session.
 *
 * @example
 * const host = await serveHost({ port: 3270 }, async (terminal) => {
 *   const { values } = await terminal.show(Logon);
 *   await terminal.show(Welcome, { values: { user: values.user } });
 * });
 */
export async function serveHost(
  options: HostOptions,
  application: HostApplication,
  { log = silentLogger }: HostDependencies = {},
  scope: Scope = createScope(),
): Promise<Host> {
  const settings = resolve(options);
  return serve(options, settings, screenService(application, settings), log, scope);
}

/**
 * Serves terminals on a port record by record: negotiation and framing are done here, what is in the records is the
 * application's. Otherwise as `serveHost`.
 */
export async function serveRawHost(
  options: RawHostOptions,
  application: RawApplication,
  { log = silentLogger }: HostDependencies = {},
  scope: Scope = createScope(),
): Promise<Host> {
  const settings = resolve(options);
  return serve(options, settings, rawService(application, settings), log, scope);
}

async function serve(
  options: HostOptions,
  settings: ConnectionSettings,
  open: TerminalServiceFactory,
  log: Logger,
  scope: Scope,
): Promise<Host> {
  const present: PresentSettings = { settings };
  const connections = new Map<Transport, HostConnection>();
  const idle = new Idle();
  const listener = await listen(
    {
      host: options.host ?? '127.0.0.1',
      port: options.port,
      maxConnections: bounded(options, 'maxTerminals', 1_000, 1, 100_000),
      onClientError: (error) => log.warn('terminal not accepted', { code: error.code, reason: error.message }),
      ...(options.tls && { tls: options.tls }),
    },
    (transport) => {
      const { peer } = transport;
      const onClosed = (): void => {
        connections.delete(transport);
        if (connections.size === 0) idle.reached();
      };
      const child = scope.child();
      connections.set(
        transport,
        new HostConnection(transport, present.settings, open, child, log.child({ peer }), onClosed),
      );
    },
    scope,
  );
  return new RunningHost(listener, connections, present, idle, scope);
}

/** Of the connections to come. */
interface PresentSettings {
  settings: ConnectionSettings;
}

class RunningHost implements Host {
  readonly #listener: Listener;
  readonly #connections: ReadonlyMap<Transport, HostConnection>;
  readonly #present: PresentSettings;
  readonly #idle: Idle;
  readonly #scope: Scope;

  constructor(
    listener: Listener,
    connections: ReadonlyMap<Transport, HostConnection>,
    present: PresentSettings,
    idle: Idle,
    scope: Scope,
  ) {
    this.#listener = listener;
    this.#connections = connections;
    this.#present = present;
    this.#idle = idle;
    this.#scope = scope;
  }

  get port(): number {
    return this.#listener.port;
  }

  get terminalCount(): number {
    return this.#connections.size;
  }

  get heldLus(): readonly string[] {
    return this.#present.settings.lus.held;
  }

  setTls({ tls, startTls }: { readonly tls?: TlsServerOptions; readonly startTls?: TlsServerOptions }): void {
    const { settings } = this.#present;
    if (startTls !== undefined && settings.startTls === undefined) {
      throw coreError('NOT_SUPPORTED', { details: { what: 'STARTTLS on this host' } });
    }
    if (tls !== undefined) this.#listener.setTls(tls);
    if (startTls === undefined || settings.startTls === undefined) return;
    const { required } = settings.startTls;
    this.#present.settings = { ...settings, startTls: { tls: { ...startTls, role: 'server' }, required } };
  }

  async drain(timeoutMs: number): Promise<void> {
    await this.#listener.close();
    await this.#whenIdle(timeoutMs);
    await this.close();
  }

  async close(): Promise<void> {
    await this.#listener.closeAll();
    await this.#whenIdle(APPLICATION_GRACE_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Resolves when no session is left, or when the time is over. */
  async #whenIdle(timeoutMs: number): Promise<void> {
    if (this.#connections.size === 0) return;
    using limit = this.#scope.child({ timeoutMs });
    await limit.race(this.#idle.wait()).catch(() => {});
  }
}

/** Tells whoever waits when the last connection has left. */
class Idle {
  #waiting: Array<() => void> = [];

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  reached(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Resolved and checked configuration of a host. */
interface HostSettings extends ConnectionSettings {
  readonly codePage: CodePage;
  readonly pluName: string;
  readonly idleTimeoutMs: number;
  readonly replyTimeoutMs: number;
}

function resolve(options: HostOptions): HostSettings {
  const pluName = options.pluName ?? 'HOST';
  if (!/^[A-Z0-9@#$]{1,8}$/.test(pluName)) throw invalid('pluName', 'it has 1 to 8 characters A-Z, 0-9, @, #, $');
  const { required = false, ...tls } = options.startTls ?? {};
  const offersTls = 'cert' in tls && 'key' in tls;
  return {
    tn3270e: options.tn3270e ?? true,
    startTls: offersTls ? { tls: { ...tls, role: 'server' }, required } : undefined,
    lus: options.lus !== undefined && 'acquire' in options.lus ? options.lus : new LuTable(options.lus),
    codePage: codePage(options.codePage ?? DEFAULT_CODE_PAGE),
    pluName,
    negotiationTimeoutMs: bounded(options, 'negotiationTimeoutMs', 20_000, 1, TEN_MINUTES_MS),
    idleTimeoutMs: bounded(options, 'idleTimeoutMs', 1_800_000, 1, DAY_MS),
    replyTimeoutMs: bounded(options, 'replyTimeoutMs', 10_000, 1, TEN_MINUTES_MS),
    keepAliveMs: bounded(options, 'keepAliveMs', 60_000, 0, DAY_MS),
    maxRecordBytes: bounded(options, 'maxRecordBytes', 65_536, 1_024, 1_048_576),
  };
}

type NumberOption = {
  [K in keyof HostOptions]-?: HostOptions[K] extends number | undefined ? K : never;
}[keyof HostOptions];

function bounded(options: HostOptions, option: NumberOption, fallback: number, min: number, max: number): number {
  const value = options[option] ?? fallback;
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(option, `${value} is not from ${min} to ${max}`);
  return value;
}

function invalid(option: string, reason: string): Error {
  return hostError('HOST_OPTION_INVALID', { details: { option, reason } });
}
