import { httpError } from '../errors.ts';
import type { Middleware } from '../message.ts';

/**
 * Gives the handlers below so long to answer, ms: then their scope ends and the client gets 503. A body in parts may
 * take longer.
 */
export function timeLimit(timeoutMs: number): Middleware {
  return (next) => async (request, scope) => {
    // It is not ended with the answer: the parts of a body may still be made in it.
    const own = scope.child();
    const timer = scope.clock.setTimer(timeoutMs, () =>
      own.end(httpError('HTTP_NO_ANSWER', { details: { timeout_ms: timeoutMs } })),
    );
    try {
      return await own.race(Promise.resolve(next(request, own)));
    } finally {
      timer.cancel();
    }
  };
}
