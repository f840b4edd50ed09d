import type { NetRuntime } from '@roundhouse/net';
import type { ProbePhase } from './phases.ts';

/** A runtime whose connections say how far they are; `then` is what follows when one stands. */
export function withDialPhases(runtime: NetRuntime, enter: (phase: ProbePhase) => void, then: ProbePhase): NetRuntime {
  const { dialer } = runtime;
  return {
    ...runtime,
    dialer: {
      name: dialer.name,
      async dial(target, scope) {
        const dialled = await dialer.dial(target, scope, { onPhase: enter });
        enter(then);
        return dialled;
      },
    },
  };
}
