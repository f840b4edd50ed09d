import type { Usage } from '@roundhouse/api';
import type { Clock, Scope } from '@roundhouse/core';
import { type LimitRatios, type LimitStatus, nextStatus } from './status.ts';

/** Something of which there is only so much. */
export interface LimitDefinition {
  /** In snake_case, as it stands in metrics and in the API: `sessions`. */
  readonly name: string;
  readonly unit: 'count' | 'bytes';
  /** In use now; NaN when that cannot be known. Called once a second or less often; cheap. */
  readonly usage: () => number;
  /** What there is, above 0; Infinity without a bound, which may change as the configuration does. */
  readonly capacity: () => number;
  /** Part of the capacity from which on it is near. Default 0.8. */
  readonly warnRatio?: number;
  /** Part of the capacity below which it is well again. Default 0.1 less than `warnRatio`. */
  readonly recoverRatio?: number;
}

/** A limit as it is, in the words of the API. */
type LimitUsage = Usage['limits'][number];

/** What a limit came to: `recovered` is the end of `near` and of `reached`. */
type LimitChange = 'near' | 'reached' | 'recovered';

export interface LimitsDependencies {
  readonly clock: Clock;
  readonly onChange: (change: LimitChange, usage: LimitUsage) => void;
}

/** Looks at limits again and again, and says when one is near, reached, and well again. */
export interface Limits {
  /** As they are at this moment, in the order of their definition; without those whose use cannot be known. */
  usage(): LimitUsage[];
  /** Looks at once, and tells what changed. */
  sample(): void;
}

const SAMPLE_MS = 1_000;
const DEFAULT_WARN = 0.8;
const DEFAULT_SLACK = 0.1;

/** Begins at once; the end of the scope ends it. */
export function createLimits(
  definitions: readonly LimitDefinition[],
  { clock, onChange }: LimitsDependencies,
  scope: Scope,
): Limits {
  const limits = definitions.map((definition) => new Limit(definition));
  let timer = clock.setTimer(SAMPLE_MS, tick);
  scope.onEnd(() => timer.cancel());

  function tick(): void {
    timer = clock.setTimer(SAMPLE_MS, tick);
    sample();
  }

  function sample(): void {
    for (const limit of limits) {
      const change = limit.look();
      if (change !== undefined) onChange(change, limit.usage());
    }
  }

  return { usage: () => limits.map((limit) => limit.usage()).filter(({ used }) => !Number.isNaN(used)), sample };
}

class Limit {
  readonly #definition: LimitDefinition;
  readonly #ratios: LimitRatios;
  #status: LimitStatus = 'ok';

  constructor(definition: LimitDefinition) {
    this.#definition = definition;
    const { warnRatio: warn = DEFAULT_WARN, recoverRatio: recover = warn - DEFAULT_SLACK } = definition;
    this.#ratios = { warn, recover };
  }

  look(): LimitChange | undefined {
    const used = this.#definition.usage();
    // Of what cannot be known nothing is said, neither good nor bad.
    if (Number.isNaN(used)) return undefined;
    const before = this.#status;
    const status = nextStatus(before, used / this.#definition.capacity(), this.#ratios);
    this.#status = status;
    if (status === before) return undefined;
    if (status === 'ok') return 'recovered';
    // A limit that is only near again has been told of.
    return status === 'near' && before === 'reached' ? undefined : status;
  }

  usage(): LimitUsage {
    const { name, unit, usage, capacity } = this.#definition;
    const bound = capacity();
    return { name, used: usage(), capacity: Number.isFinite(bound) ? bound : null, unit, state: this.#status };
  }
}
