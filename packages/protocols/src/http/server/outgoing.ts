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

/** A body that is handed over at once, bytes; of a larger one it is watched how its parts leave. */
const MAX_WHOLE_BYTES = 65_536;

/** Whether a body goes at once. */
export function isSmall(body: OutgoingBody): body is BodyChunk | null {
  return body === null || ((typeof body === 'string' || body instanceof Uint8Array) && body.length <= MAX_WHOLE_BYTES);
}

/** Bytes of a body that is there as a whole; undefined for one that comes in parts. */
export function lengthOfWhole(body: OutgoingBody): number | undefined {
  if (body === null) return 0;
  if (typeof body === 'string') return Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : undefined;
}

/** Ends an answer with a body of `length` bytes. What has a byte for each character is ASCII, which is quicker said to be Latin-1. */
export function endWith(to: Writable, body: BodyChunk, length: number | undefined): void {
  if (body.length === length && typeof body === 'string') to.end(body, 'latin1');
  else to.end(body);
}

/** A body in parts; one that is whole in parts of a size whose leaving can be watched. */
export function partsOf(body: NonNullable<OutgoingBody>): AsyncIterable<BodyChunk> {
  if (typeof body === 'string') return slices(Buffer.from(body));
  return body instanceof Uint8Array ? slices(body) : body;
}

async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_WHOLE_BYTES) yield bytes.subarray(at, at + MAX_WHOLE_BYTES);
}

/** An answer all of which has been handed over, but not taken: when that was seen first. */
export interface Leaving {
  leavingSince: number | undefined;
}

/** Whether an answer that was handed over has not left for longer than `idleMs`. To be asked at intervals. */
export function isStuck(answer: Leaving, to: Writable, now: number, idleMs: number): boolean {
  if (!to.writableEnded || to.writableFinished) return false;
  answer.leavingSince ??= now;
  return now - answer.leavingSince >= idleMs;
}

/** What such an answer ends with. */
export function notTaken(peer: string, idleMs: number): RoundhouseError {
  return netError('TIMEOUT', {
    protocol: 'http',
    phase: 'write',
    peer,
    sent: 'maybe',
    details: { timeout_ms: idleMs },
  });
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
    reject(notTaken(peer, idleMs));
  });
  to.once('drain', resolve);
  try {
    await scope.race(promise);
  } finally {
    timer.cancel();
    to.off('drain', resolve);
  }
}
