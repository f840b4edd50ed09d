import assert from 'node:assert/strict';
import { isRoundhouseError, type RoundhouseError, silentLogger } from '@roundhouse/core';
import {
  createMemoryNetwork,
  createRuntime,
  type NetFact,
  type NetRuntime,
  type NetTracer,
  type Timeouts,
} from '@roundhouse/net';
import { FakeClock } from '../clock.ts';
import { DatagramTap } from './datagramTap.ts';
import { WireTap } from './wire.ts';

/** Each different, so that a test can tell whose time was over. */
export const TIMEOUTS: Timeouts = {
  connectMs: 1_000,
  tlsMs: 1_500,
  greetingMs: 2_000,
  requestMs: 3_000,
  idleMs: 4_000,
  drainMs: 2_500,
};

/** Nothing under test may take longer than all of its times together. */
const PATIENCE_MS = 20_000;
const STEP_MS = 250;
/** Turns of the event loop without a byte that moves, before time goes on. */
const QUIET_TURNS = 40;

export type Outcome<T> = { readonly value: T; readonly elapsedMs: number } | Failure;
export interface Failure {
  readonly error: RoundhouseError;
  readonly elapsedMs: number;
}

/** A world for one case: a clock that stands still, a network in memory, and everything that is told is kept. */
export class Stand {
  readonly clock = new FakeClock();
  readonly facts: NetFact[] = [];
  readonly spans: { readonly name: string; code: string | undefined; isEnded: boolean }[] = [];
  /** For the side under test. */
  readonly runtime: NetRuntime;
  /** For the other side. */
  readonly peerRuntime: NetRuntime;
  readonly tap: WireTap;
  readonly datagrams: DatagramTap;

  constructor() {
    const network = createMemoryNetwork();
    this.tap = new WireTap(network.dialer);
    this.datagrams = new DatagramTap(network.datagrams);
    const common = { clock: this.clock, random: () => 0.5, listen: network.listen, log: silentLogger };
    const { dialer, datagrams } = network;
    this.peerRuntime = createRuntime({ ...common, dialer, datagrams, observer: { observe() {} } });
    this.runtime = createRuntime({
      ...common,
      dialer: this.tap,
      datagrams: this.datagrams,
      observer: { observe: (fact) => void this.facts.push(fact) },
      tracer: this.#tracer(),
    });
  }

  /**
   * Waits for what is under test, letting time pass when nothing moves. Fails when it is still pending after more time
   * than anything may take, and when it rejects with something that has no code.
   */
  async drive<T>(promise: Promise<T>): Promise<Outcome<T>> {
    const startedAt = this.clock.monotonic();
    let outcome: Outcome<T> | undefined;
    promise.then(
      (value) => (outcome = { value, elapsedMs: this.clock.monotonic() - startedAt }),
      (error: unknown) => (outcome = { error: checked(error), elapsedMs: this.clock.monotonic() - startedAt }),
    );
    for (;;) {
      await this.quiet(() => outcome !== undefined);
      if (outcome !== undefined) return outcome;
      const elapsedMs = this.clock.monotonic() - startedAt;
      assert.ok(elapsedMs < PATIENCE_MS, `still pending after ${elapsedMs} ms of its clock`);
      await this.clock.advance(STEP_MS);
    }
  }

  /** As `drive`, for what has to succeed. */
  async succeed<T>(promise: Promise<T>): Promise<T> {
    const outcome = await this.drive(promise);
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  }

  /** As `drive`, for what has to fail. */
  async fail(promise: Promise<unknown>): Promise<Failure> {
    const outcome = await this.drive(promise);
    if ('error' in outcome) return outcome;
    assert.fail('it succeeded');
  }

  /** Lets everything happen that needs no time. */
  async quiet(isDone: () => boolean = () => false): Promise<void> {
    let activity = -1;
    for (let still = 0; still < QUIET_TURNS && !isDone(); still += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      const now = this.tap.activity + this.datagrams.activity;
      if (now !== activity) still = 0;
      activity = now;
    }
  }

  /** What must hold when all is over. */
  async checkNothingIsLeft(): Promise<void> {
    await this.quiet();
    assert.equal(this.tap.open, 0, 'a connection is left open');
    assert.equal(this.datagrams.openPorts, 0, 'a port of UDP is left open');
    assert.equal(this.clock.pendingTimers, 0, 'a timer is left behind');
    const count = (type: NetFact['type']): number => this.facts.filter((fact) => fact.type === type).length;
    assert.equal(count('connectionClosed'), count('connectionOpened'), 'a connection was not told to be closed');
    assert.equal(count('operationEnded'), count('operationStarted'), 'an operation was not told to be over');
    const unended = this.spans.filter(({ isEnded }) => !isEnded).map(({ name }) => name);
    assert.deepEqual(unended, [], 'a span was not ended');
  }

  #tracer(): NetTracer {
    return {
      start: (name) => {
        const span = { name, code: undefined as string | undefined, isEnded: false };
        this.spans.push(span);
        return {
          traceparent: undefined,
          end(code) {
            span.code ??= code;
            span.isEnded = true;
          },
        };
      },
    };
  }
}

function checked(error: unknown): RoundhouseError {
  assert.ok(isRoundhouseError(error), `it failed without a code: ${String(error)}`);
  assert.notEqual(error.code, 'INTERNAL', `it failed by a fault of its own: ${error.message} ${String(error.cause)}`);
  return error;
}
