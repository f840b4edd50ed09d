import { isRoundhouseError, type Logger, type RoundhouseError, type Scope, type Timer } from '@roundhouse/core';
import type { TlsInfo, TlsUpgrade, Transport } from '@roundhouse/net';
import { type NegotiationVerb, OPTIONS, TELNET } from '../telnet/code.ts';
import { encodeNegotiation } from '../telnet/encode.ts';
import { type TelnetHandler, TelnetParser } from '../telnet/parser.ts';
import { RecordAssembler } from '../telnet/record.ts';
import { hostError } from './errors.ts';
import type { LuAllocator, LuRefusal } from './lu.ts';
import { HostNegotiation, type NegotiationHandler, type SessionTerms } from './negotiate.ts';
import type { TerminalLine, TerminalService, TerminalServiceFactory } from './service.ts';

/** Resolved and checked configuration of a connection. */
export interface ConnectionSettings {
  readonly tn3270e: boolean;
  readonly startTls: { readonly tls: TlsUpgrade; readonly required: boolean } | undefined;
  readonly lus: LuAllocator;
  readonly negotiationTimeoutMs: number;
  readonly keepAliveMs: number;
  readonly maxRecordBytes: number;
}

/** User data that a client may send before there is a session: a person's stray keys, but no HTTP request. */
const MAX_EARLY_BYTES = 256;
/** Telnet commands and unwanted records that a client may send within one window. */
const MAX_NOISE = 256;
const NOISE_WINDOW_MS = 10_000;

/**
 * One connection: telnet framing, negotiation, keep-alive and the run of its service, tied to a transport. It owns the
 * transport and the scope.
 */
export class HostConnection implements TelnetHandler, NegotiationHandler, TerminalLine {
  readonly #transport: Transport;
  readonly #settings: ConnectionSettings;
  readonly #open: TerminalServiceFactory;
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #assembler: RecordAssembler;
  readonly #negotiation: HostNegotiation;
  #parser = new TelnetParser(this);
  #service: TerminalService | undefined;
  #run: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #tlsWanted = false;
  #earlyBytes = 0;
  #noise = 0;
  #noiseSince: number;
  /** Something came since the last look of the keep-alive. */
  #heard = false;
  #probing = false;
  /** Reading has been stopped by the service: silence says nothing. */
  #isPaused = false;
  #over = false;

  /** `onClosed` is called once, when nothing of the connection is left. */
  constructor(
    transport: Transport,
    settings: ConnectionSettings,
    open: TerminalServiceFactory,
    scope: Scope,
    log: Logger,
    onClosed: () => void,
  ) {
    this.#transport = transport;
    this.#settings = settings;
    this.#open = open;
    this.#scope = scope;
    this.#log = log;
    this.#noiseSince = scope.clock.monotonic();
    this.#assembler = new RecordAssembler(settings.maxRecordBytes);
    const { startTls } = settings;
    const offersTls = startTls !== undefined && transport.tls === null;
    this.#negotiation = new HostNegotiation(
      {
        peer: transport.peer,
        tn3270e: settings.tn3270e,
        startTls: !offersTls ? 'off' : startTls.required ? 'require' : 'offer',
        lus: settings.lus,
      },
      this,
    );
    transport.start({
      data: (chunk) => this.#receive(chunk),
      ended: () => void this.close(),
      closed: (error) => {
        if (error !== undefined && !this.#over)
          this.#log.info('connection lost', { code: error.code, reason: error.message });
        this.#end(error);
        void this.#run.finally(onClosed);
      },
      drained: () => this.#service?.drained(),
    });
    const { negotiationTimeoutMs } = settings;
    this.#timer = scope.clock.setTimer(negotiationTimeoutMs, () =>
      this.fail(this.#silent(negotiationTimeoutMs, `the negotiation, phase ${this.#negotiation.phase}`)),
    );
    this.#negotiation.start();
  }

  get peer(): string {
    return this.#transport.peer;
  }

  get local(): string {
    return this.#transport.local;
  }

  get tls(): TlsInfo | null {
    return this.#transport.tls;
  }

  /** Lets what was written go out, then ends the connection. Idempotent. */
  close(): Promise<void> {
    this.#end();
    return this.#transport.close();
  }

  // TerminalLine and NegotiationHandler

  write(bytes: Uint8Array, sent?: () => void): boolean {
    return this.#transport.write(bytes, sent);
  }

  pause(): void {
    this.#isPaused = true;
    this.#transport.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#transport.resume();
  }

  fail(error: RoundhouseError): void {
    if (this.#over) return;
    this.#log.warn('terminal dropped', { code: error.code, reason: error.message });
    this.#end(error);
    this.#transport.destroy(error);
  }

  startTls(): void {
    this.#tlsWanted = true;
    this.#parser.stop();
  }

  failed(error: RoundhouseError, farewell?: string): void {
    if (farewell === undefined) return this.fail(error);
    this.#log.warn('terminal refused', { code: error.code, reason: error.message });
    this.#transport.write(Buffer.from(`\r\n${farewell}\r\n`, 'latin1'));
    this.#end(error);
    void this.#transport.close();
  }

  luRefused(refusal: LuRefusal, connect: string | undefined): void {
    this.#log.info('LU refused', { refusal, ...(connect !== undefined && { connect }) });
  }

  agreed(terms: SessionTerms): void {
    const { lu, protocol, deviceType } = terms;
    this.#log.info('terminal connected', { lu, protocol, device_type: deviceType });
    const service = this.#open(terms, this, this.#scope, this.#log);
    this.#service = service;
    this.#timer?.cancel();
    this.#keepAlive();
    this.#run = this.#serve(service);
  }

  // TelnetHandler

  data(bytes: Uint8Array, start: number, end: number): void {
    if (this.#service === undefined) {
      this.#earlyBytes += end - start;
      if (this.#earlyBytes > MAX_EARLY_BYTES) {
        const details = { peer: this.peer, reason: 'it sends data before telnet is negotiated' };
        this.#stop(hostError('TERMINAL_NOT_3270', { details }));
      }
    } else if (!this.#assembler.append(bytes, start, end)) {
      const limit = this.#settings.maxRecordBytes;
      this.#stop(hostError('TERMINAL_FLOODED', { details: { peer: this.peer, what: 'bytes in a record', limit } }));
    }
  }

  command(code: number): void {
    if (code === TELNET.EOR) {
      if (this.#service?.receive(this.#assembler.take()) === false) this.#countNoise();
      return;
    }
    this.#countNoise();
    if (!this.#over) this.#service?.command(code);
  }

  negotiate(verb: NegotiationVerb, option: number): void {
    this.#countNoise();
    if (!this.#over) this.#negotiation.negotiate(verb, option);
  }

  subnegotiate(option: number, payload: Uint8Array): void {
    this.#countNoise();
    if (!this.#over) this.#negotiation.subnegotiate(option, payload);
  }

  subnegotiationOverflow(option: number): void {
    const details = { peer: this.peer, reason: `the subnegotiation of option ${option} does not end` };
    this.#stop(hostError('TERMINAL_PROTOCOL', { details }));
  }

  #receive(chunk: Uint8Array): void {
    if (this.#over) return;
    this.#heard = true;
    const consumed = this.#parser.push(chunk);
    this.#assembler.settle();
    if (!this.#tlsWanted || this.#over) return;
    this.#tlsWanted = false;
    void this.#upgrade(chunk.slice(consumed));
  }

  async #upgrade(leftover: Uint8Array): Promise<void> {
    const { startTls } = this.#settings;
    if (startTls === undefined) return;
    try {
      await this.#transport.upgradeTls(startTls.tls, this.#scope, leftover);
    } catch {
      // The transport is closed with the same error and says so in `closed`.
      return;
    }
    if (this.#over) return;
    this.#parser = new TelnetParser(this);
    this.#negotiation.tlsStarted();
  }

  async #serve(service: TerminalService): Promise<void> {
    try {
      await service.run();
    } catch (error) {
      const fields = isRoundhouseError(error) ? { code: error.code, reason: error.message } : { error };
      if (isRoundhouseError(error) && this.#scope.signal.aborted)
        this.#log.debug('application ended with its terminal', fields);
      else if (isRoundhouseError(error) && error.code === 'TERMINAL_SILENT') this.#log.info('terminal idle', fields);
      else this.#log.error('application failed', fields);
    }
    await this.close();
  }

  /** An idle line is asked for a timing mark; one that does not answer within an interval is dead. RFC 860. */
  #keepAlive(): void {
    const { keepAliveMs } = this.#settings;
    if (this.#over || keepAliveMs === 0) return;
    this.#timer = this.#scope.clock.setTimer(keepAliveMs, () => {
      if (this.#heard || this.#isPaused) this.#probing = false;
      else if (this.#probing) return this.fail(this.#silent(keepAliveMs, 'a timing mark'));
      else {
        this.#probing = true;
        this.write(encodeNegotiation(TELNET.DO, OPTIONS.TIMING_MARK.code));
      }
      this.#heard = false;
      this.#keepAlive();
    });
  }

  #countNoise(): void {
    const now = this.#scope.clock.monotonic();
    if (now - this.#noiseSince > NOISE_WINDOW_MS) {
      this.#noiseSince = now;
      this.#noise = 0;
    }
    if (++this.#noise <= MAX_NOISE) return;
    const details = { peer: this.peer, what: `commands in ${NOISE_WINDOW_MS} ms`, limit: MAX_NOISE };
    this.#stop(hostError('TERMINAL_FLOODED', { details }));
  }

  /** `fail` from within the parser: nothing more of the chunk is looked at. */
  #stop(error: RoundhouseError): void {
    this.#parser.stop();
    this.fail(error);
  }

  #silent(timeoutMs: number, what: string): RoundhouseError {
    return hostError('TERMINAL_SILENT', { details: { peer: this.peer, timeout_ms: timeoutMs, what } });
  }

  #end(cause?: RoundhouseError): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer?.cancel();
    this.#parser.stop();
    this.#negotiation.close();
    this.#scope.end(hostError('TERMINAL_CLOSED', { details: { peer: this.peer }, ...(cause && { cause }) }));
  }
}
