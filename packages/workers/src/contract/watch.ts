import type { Scope } from '@roundhouse/core';
import type { Metric, Notice, WorkerContract } from './contract.ts';

/** Bound of one question, ms. */
const ASK_MS = 5_000;
/** What of a worker's own metrics is kept. */
const MAX_METRICS = 256;

/** What an integrated worker tells of itself while it runs. */
export interface ContractWatch {
  /** As they were told last. */
  readonly metrics: readonly Metric[];
}

/** Asks at each interval until the scope ends. A worker that does not answer has nothing to tell: its probes find that. */
export function watchContract(
  contract: WorkerContract,
  intervalMs: number,
  onNotice: (notice: Notice) => void,
  scope: Scope,
): ContractWatch {
  const watch: { metrics: readonly Metric[] } = { metrics: [] };
  let told = 0;
  const ask = async (): Promise<void> => {
    using asking = scope.child({ what: 'The worker contract', timeoutMs: ASK_MS });
    watch.metrics = (await contract.metrics(asking)).slice(0, MAX_METRICS);
    for (const notice of await contract.notices(told, asking)) {
      told = Math.max(told, notice.number);
      onNotice(notice);
    }
  };
  const asking = async (): Promise<never> => {
    for (;;) {
      await scope.sleep(intervalMs);
      await ask().catch(() => scope.throwIfEnded());
    }
  };
  // The end of the scope ends it.
  asking().catch(() => {});
  return watch;
}
