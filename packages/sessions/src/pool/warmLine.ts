import {
  type Clock,
  Machine,
  type RoundhouseError,
  type Scope,
  type Timer,
  type Transitions,
  type Unsubscribe,
} from '@roundhouse/core';
import type { Session } from '@roundhouse/tn3270';
import { sessionsError } from '../errors.ts';
import { Line } from '../session/line.ts';
import { LentLease } from './lentLease.ts';
import { LentSession } from './lentSession.ts';
import type { ParkMark, ParkScreen } from './parkScreen.ts';

/** How long a screen that changes may take until it is looked at, ms: hosts write one in several records. */
const SETTLE_MS = 1_000;

/** `arriving`: on the way to its park screen, for the first time or again. `closed` is final. */
export type WarmState = 'arriving' | 'ready' | 'leased' | 'closed';

const TRANSITIONS: Transitions<WarmState> = {
  arriving: ['ready', 'closed'],
  ready: ['leased', 'closed'],
  leased: ['arriving', 'closed'],
  closed: [],
};

/** Why a line that was ready is not any more: it ended by itself or left its screen, or it is time to replace it. */
export interface Unfit {
  readonly fault: RoundhouseError | undefined;
}

export interface WarmLineOptions {
  readonly group: string;
  readonly park: ParkScreen;
  readonly clock: Clock;
  /** Age at which it is replaced, ms; Infinity for never. */
  readonly maxAgeMs: number;
  /** Share of that age that this one may reach. */
  readonly ageShare: number;
  readonly onMove: (line: WarmLine, from: WarmState, to: WarmState) => void;
  /** Called while it is ready; whoever is told closes it. */
  readonly onUnfit: (line: WarmLine, unfit: Unfit) => void;
  /** Its user is done with it. */
  readonly onReturned: (line: WarmLine) => void;
}

/**
 * A line of a pool, from its first way to the park screen to its end. The pool owns it all the time: its scope is a
 * child of the gateway's. Who leases it gets a line of their own over it, which ends by being given back.
 */
export class WarmLine {
  readonly #line: Line;
  readonly #options: WarmLineOptions;
  readonly #machine: Machine<WarmState>;
  readonly #leaveSession: Unsubscribe;
  /** Monotonic ms. */
  readonly #bornAt: number;
  #maxAgeMs: number;
  #age: Timer | undefined;
  #watch: Unsubscribe[] = [];
  #settle: Timer | undefined;
  #mark: ParkMark | undefined;
  #uses = 0;
  /** Monotonic ms. */
  #readyAt = 0;

  constructor(line: Line, options: WarmLineOptions) {
    this.#line = line;
    this.#options = options;
    this.#bornAt = options.clock.monotonic();
    this.#maxAgeMs = options.maxAgeMs;
    this.#machine = new Machine<WarmState>(`warm line of ${options.group}`, TRANSITIONS, 'arriving', (from, to) => {
      if (from === 'ready') this.#stopWatch();
      options.onMove(this, from, to);
    });
    this.#leaveSession = line.session.on('closed', ({ error }) => this.#ended(error));
  }

  get state(): WarmState {
    return this.#machine.state;
  }

  get session(): Session {
    return this.#line.session;
  }

  /** How often it was leased. */
  get uses(): number {
    return this.#uses;
  }

  /** For how long it has been ready, ms. */
  get readyForMs(): number {
    return this.#options.clock.monotonic() - this.#readyAt;
  }

  /** Takes another age at which it is replaced; at once where it is ready and has it already. */
  setMaxAge(maxAgeMs: number): void {
    this.#maxAgeMs = maxAgeMs;
    if (this.state === 'ready') this.#watchAge();
  }

  /** Whether it may go on: alive, young enough, and its endpoint wants to keep it. */
  get isKept(): boolean {
    const { session, lease } = this.#line;
    return (
      session.connectionState !== 'not-connected' &&
      (lease?.wish ?? null) === null &&
      this.#options.clock.monotonic() < this.#expiresAt
    );
  }

  /** It stands on its park screen from now on. Raises WARM_NOT_PARKED unless it does. */
  park(): void {
    const { park, clock } = this.#options;
    const { session, lease } = this.#line;
    this.#mark ??= park.mark(session);
    const fault = this.#fault();
    if (fault !== undefined) throw fault;
    this.#readyAt = clock.monotonic();
    this.#machine.move('ready');
    this.#watch = [session.on('screenChanged', () => this.#lookSoon())];
    if (lease !== undefined) this.#watch.push(lease.on('moveWanted', () => this.#replace()));
    this.#watchAge();
  }

  /** A line over this one for a user, whose life `life` is; undefined when it does not stand on its park screen. */
  lend(life: Scope): Line | undefined {
    const fault = this.#fault();
    if (fault !== undefined) {
      this.#options.onUnfit(this, { fault });
      return undefined;
    }
    this.#machine.move('leased');
    this.#uses++;
    const { target, lease, decision } = this.#line;
    const scope = life.child();
    const session = new LentSession(this.session, scope, () => this.#options.onReturned(this));
    return new Line(session, { target, lease: lease && new LentLease(lease), decision }, scope);
  }

  /** It came back and is on its way to the park screen again. */
  depart(): void {
    this.#machine.move('arriving');
  }

  /** Says goodbye to the host; it counts no more at once. Idempotent. */
  async close(): Promise<void> {
    if (this.#machine.isFinal) return;
    this.#leaveSession();
    this.#machine.move('closed');
    await this.#line.close();
  }

  get #expiresAt(): number {
    return this.#bornAt + this.#maxAgeMs * this.#options.ageShare;
  }

  #replace(): void {
    this.#options.onUnfit(this, { fault: undefined });
  }

  #watchAge(): void {
    this.#age?.cancel();
    this.#age = undefined;
    if (this.#expiresAt === Infinity) return;
    this.#age = this.#options.clock.setTimer(this.#expiresAt - this.#options.clock.monotonic(), () => this.#replace());
  }

  #ended(error: RoundhouseError | undefined): void {
    const wasReady = this.state === 'ready';
    if (wasReady) this.#options.onUnfit(this, { fault: error });
    else this.#machine.move('closed');
  }

  #fault(): RoundhouseError | undefined {
    const { park, group } = this.#options;
    const { lease } = this.#line;
    const missing = [...park.lacks(this.session, this.#mark as ParkMark)];
    const wish = lease?.wish ?? null;
    if (wish !== null) missing.push(`an endpoint that keeps it (${wish.reason})`);
    if (missing.length === 0) return undefined;
    return sessionsError('WARM_NOT_PARKED', { details: { group, missing: missing.join('; ') } });
  }

  #lookSoon(): void {
    this.#settle ??= this.#options.clock.setTimer(SETTLE_MS, () => {
      this.#settle = undefined;
      const fault = this.#fault();
      if (fault !== undefined) this.#options.onUnfit(this, { fault });
    });
  }

  #stopWatch(): void {
    for (const unsubscribe of this.#watch) unsubscribe();
    this.#watch = [];
    this.#age?.cancel();
    this.#settle?.cancel();
    this.#settle = undefined;
  }
}
