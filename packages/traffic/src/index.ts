export { STANDING } from './candidates.ts';
export { CandidateTable } from './candidateTable.ts';
export { choose } from './choose.ts';
export type { CandidateExplanation, Explanation } from './explain.ts';
export type { Decision } from './decisions.ts';
export { type Endpoint, type EndpointOptions, type LogonRate, resolveEndpoint } from './endpoint.ts';
export * from './errors.ts';
export { createEndpointGroup } from './group.ts';
export type { DrainOptions, EndpointGroup, EndpointGroupDependencies, GroupEvents } from './groupContract.ts';
export {
  type AffinityOptions,
  type EndpointGroupOptions,
  type FailbackOptions,
  type GroupConfiguration,
  type QueueOptions,
  resolveGroupOptions,
} from './groupOptions.ts';
export type { EndpointView, GroupView } from './groupView.ts';
export type { Lease, LeaseEvents, MoveReason, MoveWish } from './lease.ts';
export type { LeaseRequest } from './leaseRequest.ts';
export type { Probe, ProbeResult, ProbeStep } from './probe.ts';
export { EMPTY_MEMORY } from './strategy/strategy.ts';
export { STRATEGY_NAMES, type StrategyName } from './strategy/strategies.ts';

export type * from './health/contract.ts';
export { healthError } from './health/errors.ts';
export { ladder, type Rung } from './health/ladder.ts';
export { createHealth, type HealthMonitor } from './health/monitor.ts';
export { type HealthOptions, resolveHealthOptions } from './health/options.ts';
export { createOutlierDetector, type OutlierDetector } from './health/outlier.ts';
export { type OutlierOptions, resolveOutlierOptions } from './health/outlierOptions.ts';
