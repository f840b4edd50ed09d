import {
  type Clock,
  Emitter,
  type EventSource,
  isRoundhouseError,
  type RoundhouseError,
  type Scope,
  type Timer,
} from '@roundhouse/core';
import { connectTcp, type TlsClientOptions, type Transport } from '@roundhouse/net';
import type { CodePage } from '../codepage/codePage.ts';
import { tn3270Error } from '../errors.ts';
import type { KeyOutcome } from '../keyboard/outcome.ts';
import { type LockReason, lockReason } from '../keyboard/lock.ts';
import type { Screen } from '../screen/screen.ts';
import type { Model } from '../terminal/model.ts';
import { Emulator } from './emulator.ts';
import { type ResolvedSessionOptions, resolveSessionOptions } from './options.ts';
import type {
  InputAction,
  Session,
  SessionEvents,
  SessionOptions,
  SessionStatistics,
  WaitCondition,
} from './session.ts';
import type { ConnectionState } from '../connectionState.ts';
import { attachError } from './errors.ts';
import { pictureOf } from './picture.ts';
import type { AttachOptions, Attachment, Relay } from './relay.ts';
import { TraceRecorder } from './trace.ts';
import { addressOf, holds } from './wait.ts';

/**
 * Connects to a host, with TLS when asked for, and starts the negotiation. Resolves once the line is up; the first
 * screen is waited for with `waitFor`. A host that does not make a session of it within `connectTimeoutMs` ends the
 * session with HOST_SILENT. The session ends with the scope.
 *
 * Rejects with a NetError of the phase that failed, or the codes of `resolveSessionOptions`.
 */
export async function openSession(options: SessionOptions, scope: Scope): Promise<LiveSession> {
  const resolved = resolveSessionOptions(options);
  using connecting = scope.child({ what: `Connecting to ${resolved.peer}`, timeoutMs: resolved.connectTimeoutMs });
  const transport = await connectTcp(
    {
      host: resolved.host,
      port: resolved.port,
      ...(resolved.tls === undefined ? {} : { tls: resolved.tls }),
    },
    connecting,
  );
  if (scope.signal.aborted) {
    transport.destroy();
    scope.throwIfEnded();
  }
  return new LiveSession(resolved, transport, scope);
}

/** A session on a transport. */
export class LiveSession implements Session {
  /** For interactive use: keys that type ahead, NVT input, insert mode. */
  readonly emulator: Emulator;
  readonly codePage: CodePage;
  readonly model: Model;
  readonly #options: ResolvedSessionOptions;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #events = new Emitter<SessionEvents>();
  readonly #trace: TraceRecorder | undefined;
  readonly #leaveScope: () => void;
  readonly #negotiationTimer: Timer;
  /** Bytes for the host that one step produced; they go out together. */
  #outgoing: Uint8Array[] = [];
  #depth = 0;
  #drawnVersion: number;
  #wrote = false;
  #upgrading = false;
  #lockShown: LockReason | null = null;
  #lockedShown = true;
  #rejection: RoundhouseError | undefined;
  #end: { readonly error?: RoundhouseError } | undefined;
  #bytesReceived = 0;
  #bytesSent = 0;
  #aidSentAt: number | undefined;
  #lastResponseMs: number | null = null;
  #attached: { readonly relay: Relay; readonly shared: boolean } | undefined;
  /** The host takes what is written; false from a write that has to wait until the transport has drained. */
  #takes = true;

  constructor(options: ResolvedSessionOptions, transport: Transport, scope: Scope) {
    this.#options = options;
    this.#transport = transport;
    this.#scope = scope;
    this.#clock = scope.clock;
    this.codePage = options.codePage;
    this.model = options.model;
    this.emulator = new Emulator(options, scope.clock, {
      send: (bytes) => this.#send(bytes),
      stateChanged: (from, to) => this.#stateChanged(from, to),
      lockChanged: (lock) => this.#lockChanged(lock),
      alarm: () => this.#events.emit('alarm', {}),
      hostWrote: () => {
        this.#wrote = true;
      },
      deviceRejected: (error) => {
        this.#rejection = error;
      },
      startTls: () => {
        this.#upgrading = true;
      },
      failed: (error) => this.destroy(error),
    });
    if (options.trace !== undefined) {
      this.#trace = new TraceRecorder(this.emulator, options.trace, options);
      this.emulator.telnet.trace = this.#trace;
    }
    this.#drawnVersion = this.screen.version;
    this.#leaveScope = scope.onEnd((reason) => this.destroy(reason));
    this.#negotiationTimer = this.#clock.setTimer(options.connectTimeoutMs, () => this.#negotiationTimedOut());
    transport.start({
      data: (chunk) => this.#step(() => this.#receive(chunk)),
      ended: () => this.#hostEnded(),
      closed: (error) => this.#finish(error),
      drained: () => {
        this.#takes = true;
        this.#attached?.relay.drained();
      },
    });
  }

  get connectionState(): ConnectionState {
    return this.#end === undefined ? this.emulator.telnet.state : 'not-connected';
  }

  get screen(): Screen {
    return this.emulator.screen;
  }

  get lu(): string | null {
    return this.emulator.telnet.lu;
  }

  get pluName(): string | null {
    return this.emulator.telnet.pluName;
  }

  get tls(): Session['tls'] {
    return this.#transport.tls;
  }

  get keyboardLocked(): boolean {
    return this.emulator.keyboard.locked;
  }

  get lockReason(): LockReason | null {
    return this.emulator.keyboard.reason;
  }

  get statistics(): SessionStatistics {
    const { recordsReceived, recordsSent, recordsRefused } = this.emulator.telnet.counters;
    return {
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#bytesSent,
      recordsReceived,
      recordsSent,
      recordsRefused,
      lastResponseMs: this.#lastResponseMs,
    };
  }

  on: EventSource<SessionEvents>['on'] = (name, listener) => this.#events.on(name, listener);

  /** Whether a terminal is attached. */
  get attached(): boolean {
    return this.#attached !== undefined;
  }

  perform(action: InputAction): void {
    this.#throwIfClosed();
    this.#throwIfAttached();
    this.#step(() => this.#perform(action));
  }

  /**
   * Runs keyboard work of a person (`emulator.keyboard`, `emulator.nvtInput`) as one step: what it sends goes out
   * together and observers are told once.
   */
  operate<T>(work: (emulator: Emulator) => T): T {
    this.#throwIfClosed();
    this.#throwIfAttached();
    return this.#step(() => work(this.emulator));
  }

  /**
   * Carries the session to a terminal elsewhere until it is detached or the session ends; screen, lock, statistics and
   * waits go on. Raises SESSION_ATTACHED, SESSION_CLOSED.
   */
  attach(relay: Relay, { shared = false }: AttachOptions = {}): Attachment {
    this.#throwIfClosed();
    if (this.#attached !== undefined) throw attachError('SESSION_ATTACHED');
    const attached = { relay, shared };
    this.#attached = attached;
    this.emulator.attach(relay);
    const isAttached = (): boolean => this.#attached === attached;
    const whileAttached = (work: () => void): void => {
      if (isAttached()) this.#step(work);
    };
    return {
      sendRecord: (dataType, body) => {
        whileAttached(() => this.emulator.relayRecord(dataType, body));
        return this.#takes;
      },
      picture: (wanted) => pictureOf(this.emulator, this.codePage, wanted),
      attention: () => whileAttached(() => this.emulator.relayAttention()),
      systemRequest: () => whileAttached(() => this.emulator.relaySystemRequest()),
      // No steps: a relay pauses when it has settled, at the end of one.
      pause: () => {
        if (isAttached()) this.#transport.pause();
      },
      resume: () => {
        if (isAttached()) this.#transport.resume();
      },
      detach: () =>
        whileAttached(() => {
          this.#attached = undefined;
          this.emulator.detach();
          this.#transport.resume();
        }),
    };
  }

  waitFor(condition: WaitCondition, scope: Scope): Promise<void> {
    const since = this.screen.version;
    return new Promise((resolve, reject) => {
      let leaveScope = (): void => {};
      const settle = (finish: () => void): void => {
        for (const unsubscribe of subscriptions) unsubscribe();
        leaveScope();
        finish();
      };
      const check = (): void => {
        if (holds(condition, this, since)) settle(resolve);
      };
      const subscriptions = [
        this.on('screenChanged', check),
        this.on('lockChanged', check),
        this.on('connectionStateChanged', check),
        this.on('closed', () => settle(() => reject(this.#closedError()))),
      ];
      if (this.#end !== undefined) return settle(() => reject(this.#closedError()));
      leaveScope = scope.onEnd((reason) => settle(() => reject(asWaitTimeout(reason, condition))));
      if (!scope.signal.aborted) check();
    });
  }

  async close(): Promise<void> {
    this.#finish();
    await this.#transport.close();
  }

  destroy(reason?: RoundhouseError): void {
    this.#finish(reason);
    this.#transport.destroy(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #receive(chunk: Uint8Array): void {
    this.#bytesReceived += chunk.length;
    const consumed = this.emulator.receive(chunk);
    if (!this.#upgrading) return;
    this.#upgrading = false;
    const leftover = chunk.slice(consumed);
    // The answer that agrees to TLS has to leave in plain text first.
    this.#flush();
    void this.#startTls(leftover);
  }

  async #startTls(leftover: Uint8Array): Promise<void> {
    using upgrade = this.#scope.child({ what: 'The TLS handshake', timeoutMs: this.#options.connectTimeoutMs });
    const options: TlsClientOptions = this.#options.tls ?? this.#options.startTls;
    try {
      await this.#transport.upgradeTls(options, upgrade, leftover);
      this.emulator.telnet.tlsStarted();
    } catch (error) {
      this.destroy(isRoundhouseError(error) ? error : undefined);
    }
  }

  #perform(action: InputAction): void {
    const { keyboard, nvtInput, inNvt } = this.emulator;
    switch (action.type) {
      case 'text': {
        if (inNvt) return nvtInput.text(action.text);
        const { outcome, typed } = keyboard.type(action.text, 'immediate');
        const codePoint = [...action.text][typed]?.codePointAt(0);
        return this.#check(outcome, codePoint === undefined ? {} : { code_point: codePointName(codePoint), typed });
      }
      case 'key':
        if (inNvt && action.key !== 'Attn' && action.key !== 'Reset') {
          return this.#check(nvtInput.key(action.key) ? 'ok' : 'unavailable', { key: action.key });
        }
        return this.#check(keyboard.press(action.key, 'immediate'), { key: action.key });
      case 'cursor':
        return this.#moveCursor(action.row, action.column);
      case 'field':
        return this.#fillField(action.row, action.column, action.value);
    }
  }

  #moveCursor(row: number, column: number): void {
    this.#check(this.emulator.keyboard.moveCursor(this.#address(row, column), 'immediate'), { key: 'cursor' });
  }

  /** Replaces the contents of the field at a position: as EraseEOF at its start and typing would. */
  #fillField(row: number, column: number, value: string): void {
    const address = this.#address(row, column);
    const { keyboard } = this.emulator;
    const { screen } = this;
    const field = screen.fieldAt(address);
    const start = field < 0 ? address : screen.next(field);
    if (field >= 0 && [...value].length > screen.fieldLength(field)) this.#refuseField('FIELD_OVERFLOW', start);
    this.#check(keyboard.moveCursor(start, 'immediate'), { key: 'cursor' });
    this.#check(keyboard.press('EraseEOF', 'immediate'), { key: 'EraseEOF' });
    const { outcome, typed } = keyboard.type(value, 'immediate');
    const codePoint = [...value][typed]?.codePointAt(0);
    this.#check(outcome, codePoint === undefined ? {} : { code_point: codePointName(codePoint), typed });
  }

  #address(row: number, column: number): number {
    const { rows, columns } = this.screen;
    const address = addressOf(this.screen, row, column);
    if (address === undefined) throw tn3270Error('POSITION_INVALID', { details: { row, column, rows, columns } });
    return address;
  }

  /** Turns what became of a keystroke into a coded error. */
  #check(outcome: KeyOutcome, details: Record<string, unknown>): void {
    switch (outcome) {
      case 'ok':
      case 'queued':
        return;
      case 'locked':
        throw tn3270Error('KEYBOARD_LOCKED', { details: { ...details, reason: this.lockReason ?? 'locked' } });
      case 'protected':
        return this.#refuseField('FIELD_PROTECTED', this.screen.cursor);
      case 'numeric':
        return this.#refuseField('FIELD_NUMERIC', this.screen.cursor);
      case 'overflow':
        return this.#refuseField('FIELD_OVERFLOW', this.screen.cursor);
      case 'dbcs':
        return this.#refuseField('FIELD_DOUBLE_BYTE', this.screen.cursor);
      case 'unmappable':
        throw tn3270Error('CHARACTER_UNMAPPABLE', { details: { ...details, code_page: this.codePage.id } });
      case 'unavailable':
        throw tn3270Error('KEY_UNAVAILABLE', { details: { ...details, connection_state: this.connectionState } });
    }
  }

  #refuseField(
    code: 'FIELD_PROTECTED' | 'FIELD_NUMERIC' | 'FIELD_OVERFLOW' | 'FIELD_DOUBLE_BYTE',
    address: number,
  ): never {
    const { columns } = this.screen;
    throw tn3270Error(code, { details: { row: Math.floor(address / columns) + 1, column: (address % columns) + 1 } });
  }

  /** Runs one step of work: bytes go out together and observers are told once, when the outermost step ends. */
  #step<T>(work: () => T): T {
    this.#depth++;
    try {
      return work();
    } finally {
      this.#depth--;
      if (this.#depth === 0) {
        this.#attached?.relay.settled();
        this.#flush();
        this.#tell();
      }
    }
  }

  #send(bytes: Uint8Array): void {
    this.#outgoing.push(bytes);
    if (this.#depth === 0) this.#flush();
  }

  #flush(): void {
    const parts = this.#outgoing;
    if (parts.length === 0) return;
    this.#outgoing = [];
    const bytes = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    this.#bytesSent += bytes.length;
    this.#takes = this.#transport.write(bytes);
  }

  #tell(): void {
    const { version } = this.screen;
    if (version === this.#drawnVersion && !this.#wrote) return;
    this.#drawnVersion = version;
    this.#wrote = false;
    this.#events.emit('screenChanged', { version });
  }

  #lockChanged(lock: number): void {
    const locked = lock !== 0;
    const reason = lockReason(lock);
    if (locked === this.#lockedShown && reason === this.#lockShown) return;
    if (reason === 'twait' && this.#lockShown !== 'twait') this.#aidSentAt = this.#clock.monotonic();
    if (!locked && this.#aidSentAt !== undefined) {
      this.#lastResponseMs = this.#clock.monotonic() - this.#aidSentAt;
      this.#aidSentAt = undefined;
    }
    this.#lockedShown = locked;
    this.#lockShown = reason;
    this.#events.emit('lockChanged', { locked, reason });
  }

  #stateChanged(from: ConnectionState, to: ConnectionState): void {
    if (to.startsWith('connected-')) this.#negotiationTimer.cancel();
    this.#events.emit('connectionStateChanged', { from, to });
  }

  #negotiationTimedOut(): void {
    const { peer, connectTimeoutMs } = this.#options;
    this.destroy(
      this.#rejection ??
        tn3270Error('HOST_SILENT', {
          details: { peer, timeout_ms: connectTimeoutMs, phase: this.emulator.telnet.state },
        }),
    );
  }

  #hostEnded(): void {
    this.#finish(this.#rejection ?? tn3270Error('HOST_CLOSED', { details: { peer: this.#options.peer } }));
    void this.#transport.close();
  }

  #finish(error?: RoundhouseError): void {
    if (this.#end !== undefined) return;
    const from = this.emulator.telnet.state;
    this.#end = error === undefined ? {} : { error };
    this.#negotiationTimer.cancel();
    this.#leaveScope();
    this.emulator.disconnected();
    this.#trace?.end(error);
    this.#events.emit('connectionStateChanged', { from, to: 'not-connected' });
    this.#events.emit('closed', this.#end);
    this.#events.clear();
    const attached = this.#attached;
    this.#attached = undefined;
    attached?.relay.ended(error);
  }

  #throwIfAttached(): void {
    if (this.#attached?.shared === false) throw attachError('INPUT_ATTACHED');
  }

  #throwIfClosed(): void {
    if (this.#end !== undefined) throw this.#closedError();
  }

  #closedError(): RoundhouseError {
    const cause = this.#end?.error;
    return tn3270Error('SESSION_CLOSED', {
      details: { reason: cause?.message ?? 'it was closed', ...(cause === undefined ? {} : { cause: cause.code }) },
      cause,
    });
  }
}

function asWaitTimeout(reason: RoundhouseError, condition: WaitCondition): RoundhouseError {
  if (reason.code !== 'DEADLINE_EXCEEDED') return reason;
  const { timeout_ms } = reason.details;
  return tn3270Error('WAIT_TIMEOUT', { details: { timeout_ms, wait_for: condition.for }, cause: reason });
}

function codePointName(codePoint: number): string {
  return `U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}`;
}
