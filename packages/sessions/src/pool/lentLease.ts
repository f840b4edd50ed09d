import { Emitter, type EventSource, type Unsubscribe } from '@roundhouse/core';
import type { Endpoint, Lease, LeaseEvents, MoveWish } from '@roundhouse/traffic';

/**
 * A lease in the hands of somebody who gives it back before it is released: releasing this one ends what its holder is
 * told and leaves the lease as it is. What succeeds and fails is reported by the owner, once.
 */
export class LentLease<Target> implements Lease<Target> {
  readonly #lease: Lease<Target>;
  readonly #emitter = new Emitter<LeaseEvents>();
  readonly #leave: Unsubscribe;
  #isReleased = false;

  constructor(lease: Lease<Target>) {
    this.#lease = lease;
    this.#leave = lease.on('moveWanted', (wish) => this.#emitter.emit('moveWanted', wish));
  }

  get endpoint(): Endpoint<Target> {
    return this.#lease.endpoint;
  }

  get decision(): number {
    return this.#lease.decision;
  }

  get wish(): MoveWish | null {
    return this.#isReleased ? null : this.#lease.wish;
  }

  get isReleased(): boolean {
    return this.#isReleased || this.#lease.isReleased;
  }

  on: EventSource<LeaseEvents>['on'] = (name, listener) => this.#emitter.on(name, listener);

  succeeded(): void {}

  failed(): void {}

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#leave();
    this.#emitter.clear();
  }
}
