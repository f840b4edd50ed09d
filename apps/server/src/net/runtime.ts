import type { Clock, Logger } from '@roundhouse/core';
import { createRuntime, diagnosticsObserver, type NetObserver, type NetRuntime, observers } from '@roundhouse/net';
import { formatTraceparent, parseTraceparent } from '../trace/traceparent.ts';
import type { Tracer } from '../trace/tracer.ts';

export interface RuntimeParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly tracer: Tracer;
  /** Counts what happens. */
  readonly observer: NetObserver;
}

/** What protocols reach the world through here: counted and traced with everything else. */
export function serverRuntime({ clock, random, log, tracer, observer }: RuntimeParts): NetRuntime {
  return createRuntime({
    clock,
    random,
    log,
    observer: observers(diagnosticsObserver, observer),
    tracer: {
      start(name, attributes, traceparent) {
        const span = tracer.start(name, { kind: 'client', parent: parseTraceparent(traceparent), attributes });
        return {
          traceparent: span.context && formatTraceparent(span.context),
          end(code) {
            if (code !== undefined) span.fail(code);
            span.end();
          },
        };
      },
    },
  });
}
