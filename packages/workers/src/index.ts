export { workerError } from './errors.ts';
export { importPm2 } from './import/pm2.ts';
export { importProcfile } from './import/procfile.ts';
export { importSupervisord } from './import/supervisord.ts';
export { importSystemd } from './import/systemd.ts';
export { checkGraph, type GraphFault } from './graph/check.ts';
export type { InstanceId } from './instance/id.ts';
export type { LimitStatus, Sample, Violation } from './limits/contract.ts';
export type { LogLine, LogQuery, Logs, Stream } from './logs/contract.ts';
export type { ProbeStatus, ProbeStatuses, ProbeVerdict } from './probe/contract.ts';
export type { Exit } from './process/contract.ts';
export { resolveWorker } from './spec/resolve.ts';
export { LIMIT_UNITS, type WorkerSpec } from './spec/spec.ts';
export type {
  InstanceStatus,
  InstanceUsage,
  Move,
  Supervisor,
  SupervisorEvents,
  WorkerStatus,
  WorkerTarget,
} from './supervisor/contract.ts';
export { changeOf, type SpecChange } from './spec/change.ts';
export { checkWorker } from './supervisor/check.ts';
export { WORST_STATES } from './supervisor/worst.ts';
export { createSupervisor, type SupervisorOptions, type SupervisorSources } from './supervisor/create.ts';
