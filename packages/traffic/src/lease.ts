import { Emitter, type EventSource, type Unsubscribe } from '@roundhouse/core';
import type { Endpoint } from './endpoint.ts';
import type { TrafficSignal } from './health/contract.ts';

export type MoveReason =
  /** The endpoint can not be trusted any more. */
  | 'unhealthy'
  | 'draining'
  /** A better tier is back. */
  | 'failback'
  /** The endpoint is not of the group any more, or leads elsewhere now. */
  | 'removed';

/** That whoever holds a lease should take another and release this one, at the first safe point. */
export interface MoveWish {
  readonly reason: MoveReason;
  /** Monotonic ms from when on the move should not wait for a safe point: past for "now", Infinity for "when idle". */
  readonly deadline: number;
}

export interface LeaseEvents {
  readonly moveWanted: MoveWish;
}

/** A place on an endpoint. It stays until it is released, whatever becomes of the endpoint. */
export interface Lease<Target> extends EventSource<LeaseEvents> {
  readonly endpoint: Endpoint<Target>;
  /** For `explain` of the group. */
  readonly decision: number;
  /** What was last wanted; null when nothing is, or is not any more: look again before you move. */
  readonly wish: MoveWish | null;
  readonly isReleased: boolean;
  /** The endpoint did as it should; `responseMs` where a response time was measured. Nothing once it is released. */
  succeeded(responseMs?: number): void;
  /** It failed; `code` of a catalogue. Nothing once it is released. */
  failed(code: string): void;
  /** Idempotent. */
  release(): void;
}

/** Who gave the lease out. */
export interface LeaseOwner<Target> {
  reported(signal: TrafficSignal): void;
  released(lease: GroupLease<Target>): void;
}

export class GroupLease<Target> implements Lease<Target> {
  readonly endpoint: Endpoint<Target>;
  readonly decision: number;
  /** Resources that it takes beside its session. */
  readonly demand: ReadonlyMap<string, number>;
  readonly #owner: LeaseOwner<Target>;
  readonly #emitter = new Emitter<LeaseEvents>();
  #wish: MoveWish | null = null;
  #isReleased = false;

  constructor(
    endpoint: Endpoint<Target>,
    decision: number,
    demand: ReadonlyMap<string, number>,
    owner: LeaseOwner<Target>,
  ) {
    this.endpoint = endpoint;
    this.decision = decision;
    this.demand = demand;
    this.#owner = owner;
  }

  get wish(): MoveWish | null {
    return this.#wish;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  on<K extends keyof LeaseEvents>(name: K, listener: (fact: LeaseEvents[K]) => void): Unsubscribe {
    return this.#emitter.on(name, listener);
  }

  succeeded(responseMs?: number): void {
    if (this.#isReleased) return;
    this.#owner.reported(responseMs === undefined ? { kind: 'success' } : { kind: 'success', responseMs });
  }

  failed(code: string): void {
    if (!this.#isReleased) this.#owner.reported({ kind: 'failure', code });
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#wish = null;
    this.#emitter.clear();
    this.#owner.released(this);
  }

  /** Sets the wish, and tells of it if it is another. */
  want(wish: MoveWish | null): void {
    const before = this.#wish;
    if (this.#isReleased || (before?.reason === wish?.reason && before?.deadline === wish?.deadline)) return;
    this.#wish = wish;
    if (wish !== null) this.#emitter.emit('moveWanted', wish);
  }
}
