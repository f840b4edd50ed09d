import { coreError, createScope, isRoundhouseError, Machine, type RoundhouseError, type Scope } from '@roundhouse/core';
import {
  type Address,
  type CloseReason,
  createRuntime,
  type DatagramPort,
  DEFAULT_TIMEOUTS,
  type DrainOptions,
  type DrainReport,
  type NetRuntime,
  type NetServer,
  openServer,
  resolveTimeouts,
  type ServerStats,
  type ServeConnection,
  SESSION_TRANSITIONS,
  type SessionState,
  type Timeouts,
  type TlsServerOptions,
} from '@roundhouse/net';
import { dnsError } from '../errors.ts';
import { canonicalName, parseName, type WireName } from '../message/name.ts';
import type { Zone } from '../zone/zone.ts';
import { serveStream } from './connection.ts';
import { StreamDesk } from './desk.ts';
import { type DynamicRecords, indexDynamic } from './dynamic.ts';
import { isNewer, ZoneHistory } from './history.ts';
import { serveHttps } from './https.ts';
import { Notifier } from './notify.ts';
import { type DnsServerOptions, type ResolvedDnsServerOptions, resolveServerOptions } from './options.ts';
import { NO_QUERY } from './query.ts';
import { ResponseRate } from './rateLimit.ts';
import { Responder } from './responder.ts';
import { Counters, type DnsServerStats } from './stats.ts';
import { ZoneTable } from './zoneTable.ts';

/** RFC 7766 §6.2.3 wants an idle time of seconds. */
const TIMEOUTS: Timeouts = { ...DEFAULT_TIMEOUTS, idleMs: 10_000 };
const UDP_BUFFER_BYTES = 1_048_576;
/** Ports that are free for TCP may not be so for UDP. */
const PORT_ATTEMPTS = 8;

/** An authoritative name server. Its drain answers what has come, and frees the ports. */
export interface DnsServer extends NetServer {
  /** Of UDP and TCP. */
  readonly port: number;
  /** Null without DNS over TLS. */
  readonly tlsPort: number | null;
  /** Null without DNS over HTTPS. */
  readonly httpsPort: number | null;
  zones(): readonly Zone[];
  /**
   * Serves a zone, or another version of it: at once, and each answer is of one version. Resolves when secondaries can
   * be told what has changed, and are being notified.
   */
  setZone(zone: Zone): Promise<void>;
  /** Raises DNS_ZONE_UNKNOWN. */
  removeZone(origin: string): void;
  /** Takes the place of those before. Raises DNS_ZONE_UNKNOWN for a name outside of the zones, DNS_DATA_INVALID. */
  setDynamic(records: readonly DynamicRecords[]): void;
  /** Takes other certificates for the connections to come, TLS and HTTPS alike. Raises TLS_MATERIAL_INVALID. */
  setTls(tls: TlsServerOptions): void;
  stats(): DnsServerStats;
}

/**
 * Serves zones over UDP and TCP, and over TLS and HTTPS where asked for. Rejects as `listen` does, with
 * NET_OPTION_INVALID or DNS_ZONE_UNKNOWN. The end of the scope aborts it.
 */
export async function serveDns(
  options: DnsServerOptions,
  runtime: NetRuntime = createRuntime(),
  scope: Scope = createScope({ clock: runtime.clock }),
): Promise<DnsServer> {
  const server = new AuthoritativeServer(resolveServerOptions(options), runtime, scope);
  try {
    await server.open();
  } catch (error) {
    server.abort();
    throw error;
  }
  return server;
}

class AuthoritativeServer implements DnsServer {
  readonly protocol = 'dns';
  readonly closed: Promise<CloseReason>;
  readonly #options: ResolvedDnsServerOptions;
  readonly #timeouts: Timeouts;
  readonly #runtime: NetRuntime;
  readonly #scope: Scope;
  readonly #machine = new Machine<SessionState>('DNS server', SESSION_TRANSITIONS, 'open');
  readonly #closed = Promise.withResolvers<CloseReason>();
  readonly #zones = new ZoneTable();
  readonly #dynamic = new Map<WireName, DynamicRecords>();
  readonly #history = new ZoneHistory();
  readonly #counters = new Counters();
  readonly #responder: Responder;
  readonly #desk: StreamDesk;
  readonly #rate: ResponseRate | undefined;
  readonly #notifier: Notifier;
  readonly #streams: NetServer[] = [];
  #udp: DatagramPort | undefined;
  #tls: NetServer | undefined;
  #https: NetServer | undefined;
  #draining: Promise<DrainReport> | undefined;

  constructor(options: ResolvedDnsServerOptions, runtime: NetRuntime, scope: Scope) {
    this.#options = options;
    this.#timeouts = resolveTimeouts(options.timeouts, TIMEOUTS);
    this.#runtime = runtime;
    this.#scope = scope.child();
    this.closed = this.#closed.promise;
    for (const zone of options.zones) this.#zones.set(zone);
    this.setDynamic(options.dynamic ?? []);
    this.#responder = new Responder(this.#zones, this.#dynamic, options);
    const { mayTransfer, maxTransfers, maxUdpBytes } = options;
    this.#desk = new StreamDesk({
      responder: this.#responder,
      zones: this.#zones,
      history: this.#history,
      counters: this.#counters,
      mayTransfer,
      maxTransfers,
      maxUdpBytes,
    });
    if (options.responseRate !== undefined) this.#rate = new ResponseRate(options.responseRate, runtime.clock);
    this.#notifier = new Notifier(options.notified, runtime, this.#scope, this.#counters);
    this.#scope.onEnd((reason) => this.abort(reason));
  }

  get state(): SessionState {
    return this.#machine.state;
  }

  get inFlight(): number {
    return this.#streams.reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  get address(): Address {
    return (this.#streams[0] as NetServer).address;
  }

  get port(): number {
    return this.address.port;
  }

  get tlsPort(): number | null {
    return this.#tls?.port ?? null;
  }

  get httpsPort(): number | null {
    return this.#https?.port ?? null;
  }

  zones(): readonly Zone[] {
    return [...this.#zones];
  }

  async setZone(zone: Zone): Promise<void> {
    const before = this.#zones.get(zone.wireOrigin);
    this.#zones.set(zone);
    if (before !== undefined && isNewer(zone.serial, before.serial)) await this.#history.record(before, zone);
    else this.#history.forget(zone.wireOrigin);
    if (before !== undefined && before.serial === zone.serial && before !== zone) {
      const fields = { protocol: 'dns', zone: zone.origin, serial: zone.serial };
      this.#runtime.log.warn('a zone was replaced by one of the same serial: its secondaries keep the old one', fields);
    }
    if (this.#zones.get(zone.wireOrigin) === zone && this.state === 'open') this.#notifier.notify(zone);
  }

  removeZone(origin: string): void {
    const name = canonicalName(parseName(origin));
    if (!this.#zones.delete(name)) throw dnsError('DNS_ZONE_UNKNOWN', { details: { zone: origin } });
    this.#history.forget(name);
  }

  setDynamic(records: readonly DynamicRecords[]): void {
    const index = indexDynamic(records);
    for (const [name, each] of index) {
      if (this.#zones.find(name, 1) === undefined) throw dnsError('DNS_ZONE_UNKNOWN', { details: { zone: each.name } });
    }
    this.#dynamic.clear();
    for (const [name, each] of index) this.#dynamic.set(name, each);
  }

  setTls(tls: TlsServerOptions): void {
    this.#tls?.setTls({ ...tls, alpn: ['dot'] });
    this.#https?.setTls({ ...tls, alpn: ['h2'] });
  }

  stats(): DnsServerStats {
    const all = this.#streams.map((server) => server.stats());
    const sum = (of: keyof ServerStats): number => all.reduce((total, stats) => total + stats[of], 0);
    const connections = { connections: sum('connections'), accepted: sum('accepted'), refused: sum('refused') };
    return { ...connections, ...this.#counters.view() };
  }

  async open(): Promise<void> {
    const { tls, https } = this.#options;
    await this.#openPorts();
    if (tls !== undefined) {
      const { port = 0, ...material } = tls;
      this.#tls = await this.#openStreams('dot', { port, tls: { ...material, alpn: ['dot'] } });
    }
    if (https !== undefined) {
      const { port = 0, path = '/dns-query', ...material } = https;
      const http2 = await import('node:http2');
      this.#https = await this.#openServer('doh', { port, tls: { ...material, alpn: ['h2'] } }, (transport) =>
        serveHttps(transport, path, this.#desk, this.#timeouts, this.#runtime, http2),
      );
    }
    for (const zone of this.#zones) this.#notifier.notify(zone);
  }

  drain(options: DrainOptions = {}): Promise<DrainReport> {
    this.#draining ??= this.#drain(options.timeoutMs ?? this.#timeouts.drainMs);
    return this.#draining;
  }

  abort(reason?: RoundhouseError): void {
    if (this.state === 'closed') return;
    this.#machine.move('closed');
    void this.#udp?.close();
    for (const server of this.#streams) server.abort(reason);
    this.#scope.end(reason ?? coreError('CANCELLED'));
    this.#closed.resolve({ by: 'local', ...(reason !== undefined && { error: reason }) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  /** UDP and TCP of the same number. */
  async #openPorts(): Promise<void> {
    const { host, port } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const tcp = await this.#openStreams('dns', { port });
      try {
        this.#udp = await this.#openUdp(host, tcp.port);
        return;
      } catch (error) {
        const isTaken = isRoundhouseError(error) && error.code === 'ADDRESS_IN_USE';
        if (port !== 0 || !isTaken || attempt === PORT_ATTEMPTS) throw error;
        this.#streams.pop()?.abort();
      }
    }
  }

  #openUdp(host: string, port: number): Promise<DatagramPort> {
    return this.#runtime.datagrams.open(
      { host, port, receiveBufferBytes: UDP_BUFFER_BYTES },
      {
        message: (bytes, from) => this.#answerUdp(bytes, from),
        closed: (error) => {
          if (error === undefined) return;
          this.#runtime.log.error('the UDP port of a DNS server failed', { protocol: 'dns', code: error.code });
          this.abort(error);
        },
      },
      this.#scope,
    );
  }

  #answerUdp(bytes: Uint8Array, from: Address): void {
    const responder = this.#responder;
    const counters = this.#counters;
    const query = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const status = responder.read(query);
    if (status === NO_QUERY) {
      counters.ignored += 1;
      return;
    }
    counters.udpQueries += 1;
    let answer = responder.respond(query, status, true) as Uint8Array;
    counters.answered(responder.rcode);
    if (responder.isTruncated) counters.truncated += 1;
    if (this.#rate !== undefined) {
      const verdict = this.#rate.judge(from.host, responder.query.key, responder.rcode);
      if (verdict !== 'send') counters.limited += 1;
      if (verdict === 'drop') return;
      if (verdict === 'slip') answer = responder.refuse(query, responder.rcode, true);
    }
    this.#udp?.send(answer, from);
  }

  #openStreams(protocol: string, place: PortOptions): Promise<NetServer> {
    return this.#openServer(protocol, place, (transport) =>
      serveStream(protocol, transport, this.#desk, this.#timeouts, this.#runtime),
    );
  }

  async #openServer(protocol: string, place: PortOptions, serve: ServeConnection): Promise<NetServer> {
    const { host, limits } = this.#options;
    const options = { host, timeouts: this.#timeouts, ...place, ...(limits && { limits }) };
    const server = await openServer(protocol, options, serve, this.#runtime, this.#scope);
    this.#streams.push(server);
    return server;
  }

  async #drain(timeoutMs: number): Promise<DrainReport> {
    const { clock } = this.#runtime;
    const startedAt = clock.monotonic();
    if (this.state === 'closed') return { finished: 0, cut: 0, elapsedMs: 0 };
    this.#machine.move('draining');
    await this.#udp?.close();
    const reports = await Promise.all(this.#streams.map((server) => server.drain({ timeoutMs })));
    this.abort();
    const sum = (of: 'finished' | 'cut'): number => reports.reduce((total, report) => total + report[of], 0);
    return { finished: sum('finished'), cut: sum('cut'), elapsedMs: clock.monotonic() - startedAt };
  }
}

interface PortOptions {
  readonly port: number;
  readonly tls?: TlsServerOptions;
}
