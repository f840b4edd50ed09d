import type { Writable } from 'node:stream';
import { type Clock, coreError, isRoundhouseError, type RoundhouseError, type Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import type { BodyChunk, HttpResponse, OutgoingBody } from '../message.ts';
import { problem } from '../problem.ts';

/** A failure of a handler as the response that the client gets. */
export function failureOf(error: unknown): { readonly failure: RoundhouseError; readonly response: HttpResponse } {
  const failure = isRoundhouseError(error)
    ? error
    : coreError('INTERNAL', { details: { reason: `a handler failed: ${String(error)}` }, cause: error });
  const isServers = failure.status >= 400 && failure.status <= 599 && failure.status !== 499;
  return { failure, response: problem(isServers ? failure : coreError('INTERNAL', { cause: failure })) };
}

/** Whether a response of this status never has content. RFC 9110 §6.4.1. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status === 205 || status < 200;
}

/** Lets go of a body that is not sent. */
export function drop(body: OutgoingBody | undefined): void {
  if (body === null || body === undefined || typeof body === 'string' || body instanceof Uint8Array) return;
  void Promise.resolve(body[Symbol.asyncIterator]().return?.()).catch(() => {});
}

export interface Stall {
  readonly clock: Clock;
  /** Longest wait for the client to take what was written, ms. */
  readonly idleMs: number;
  readonly peer: string;
}

/**
 * Writes a body in parts, at the pace of whoever reads it. Rejects with what the source failed with, TIMEOUT of phase
 * `write` when nothing is taken, or the reason of the scope; the source is told to stop then.
 */
export async function writeParts(
  parts: AsyncIterable<BodyChunk>,
  to: Writable,
  stall: Stall,
  scope: Scope,
): Promise<void> {
  const iterator = parts[Symbol.asyncIterator]();
  let isDone = false;
  try {
    for (;;) {
      const next = await scope.race(Promise.resolve(iterator.next()));
      if (next.done === true) break;
      if (next.value.length > 0 && !to.write(next.value)) await drained(to, stall, scope);
    }
    isDone = true;
  } finally {
    // An iterator that waits for something that never comes would hold this too: it is not waited for.
    if (!isDone) void Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

async function drained(to: Writable, { clock, idleMs, peer }: Stall, scope: Scope): Promise<void> {
  if (!to.writableNeedDrain) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = clock.setTimer(idleMs, () => {
    reject(
      netError('TIMEOUT', { protocol: 'http', phase: 'write', peer, sent: 'maybe', details: { timeout_ms: idleMs } }),
    );
  });
  to.once('drain', resolve);
  try {
    await scope.race(promise);
  } finally {
    timer.cancel();
    to.off('drain', resolve);
  }
}
