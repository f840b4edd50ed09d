import { type Clock, type Logger, silentLogger, systemClock } from '@roundhouse/core';
import { type DatagramOpener, systemDatagrams } from '../dial/datagrams.ts';
import type { Dialer } from '../dial/dialer.ts';
import { directDialer } from '../dial/direct.ts';
import { type Listen, listen } from '../listener.ts';
import { diagnosticsObserver, type NetObserver } from './observer.ts';
import { type NetTracer, noNetTracer } from './tracer.ts';

/** All that a protocol reaches the world through. With another clock, network and random it is deterministic. */
export interface NetRuntime {
  readonly clock: Clock;
  /** Uniform, 0 ≤ x < 1. Not for secrets. */
  readonly random: () => number;
  readonly dialer: Dialer;
  readonly listen: Listen;
  readonly datagrams: DatagramOpener;
  readonly observer: NetObserver;
  readonly tracer: NetTracer;
  readonly log: Logger;
}

/** Completes a runtime: the system's clock and network, nothing recorded but on diagnostics channels. */
export function createRuntime(parts: Partial<NetRuntime> = {}): NetRuntime {
  return {
    clock: systemClock,
    random: Math.random,
    dialer: directDialer,
    listen,
    datagrams: systemDatagrams,
    observer: diagnosticsObserver,
    tracer: noNetTracer,
    log: silentLogger,
    ...parts,
  };
}
