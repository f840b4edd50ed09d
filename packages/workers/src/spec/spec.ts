import type {
  DEPENDENCY_CONDITIONS,
  Labels,
  LIMIT_POLICIES,
  PROFILES,
  RESTART_POLICIES,
  SIGNALS,
  WORKER_TYPES,
} from '@roundhouse/api';

/**
 * A worker as it is to be, checked and complete: every default is filled in, times are ms, sizes are bytes. Read-only,
 * and plain data: two that are deeply equal are the same specification.
 */
export interface WorkerSpec {
  readonly id: string;
  readonly type: (typeof WORKER_TYPES)[number];
  /** Whether it is started by itself. */
  readonly isEnabled: boolean;
  /** Undefined for an unmanaged worker, and for one that has no command. */
  readonly program: ProgramSpec | undefined;
  /** How an unmanaged worker is found. */
  readonly attach: AttachSpec | undefined;
  /** 0 … 1000. */
  readonly replicas: number;
  readonly group: string | undefined;
  readonly profile: Profile;
  /** Cron expression, as written; checked. */
  readonly schedule: string | undefined;
  readonly dependencies: readonly DependencySpec[];
  readonly restart: RestartSpec;
  readonly probes: ProbesSpec;
  readonly stop: StopSpec;
  readonly reloadSignal: Signal;
  readonly limits: LimitsSpec;
  readonly monitoring: MonitoringSpec;
  readonly logs: LogSpec;
  readonly labels: Labels;
}

export type Profile = (typeof PROFILES)[number];
/** Without `SIG`. */
export type Signal = (typeof SIGNALS)[number];

export interface ProgramSpec {
  /** The program first. */
  readonly command: readonly [string, ...string[]];
  /** Undefined: the data directory of the worker. */
  readonly workingDirectory: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly environmentFiles: readonly string[];
  readonly inheritEnvironment: boolean | readonly string[];
  readonly secrets: readonly SecretSpec[];
  readonly user: string | undefined;
  readonly group: string | undefined;
  /** 0 … 0o777. */
  readonly umask: number;
  readonly nice: number | undefined;
  readonly oomScoreAdjust: number | undefined;
  /** Names without `CAP_`, lower case; undefined: as the user has them. */
  readonly keepCapabilities: readonly string[] | undefined;
  readonly hasNoNewPrivileges: boolean;
  readonly sockets: readonly SocketSpec[];
}

interface SecretSpec {
  readonly name: string;
  /** The text, or a `secret://` reference to it. */
  readonly value: string;
  readonly as: 'file' | 'variable';
}

export type SocketSpec =
  | { readonly name: string; readonly host: string; readonly port: number }
  | { readonly name: string; readonly path: string };

export interface AttachSpec {
  readonly by:
    | { readonly kind: 'pid_file'; readonly path: string }
    | { readonly kind: 'name'; readonly name: string; readonly arguments: readonly string[] }
    | { readonly kind: 'port'; readonly port: number };
  readonly checkIntervalMs: number;
  readonly canStop: boolean;
  readonly allowedSignals: readonly Signal[];
}

export interface DependencySpec {
  readonly worker: string;
  readonly condition: (typeof DEPENDENCY_CONDITIONS)[number];
  readonly cascade: 'none' | 'stop' | 'restart';
}

export interface RestartSpec {
  readonly policy: (typeof RESTART_POLICIES)[number];
  readonly successExitCodes: readonly number[];
  readonly rules: readonly {
    readonly exitCodes: readonly number[];
    /** With `SIG`. */
    readonly signals: readonly string[];
    readonly action: 'restart' | 'stop' | 'fail';
  }[];
  readonly backoff: {
    readonly initialMs: number;
    readonly maxMs: number;
    readonly factor: number;
    /** 0 … 1. */
    readonly jitter: number;
  };
  readonly resetAfterMs: number;
  readonly crashLoopAfter: number;
  /** Undefined: restarts are not bounded in number. */
  readonly contextAware: ContextAwareRestart | undefined;
}

export interface RestartBudget {
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly backoffRate: number;
}

/** What a restart is for. */
export type RestartTrigger = 'exit' | 'health_failure' | 'resource_violation';
export type Severity = 'warning' | 'critical' | 'emergency';

export interface ContextAwareRestart {
  readonly budgets: Readonly<Record<RestartTrigger, RestartBudget>>;
  readonly severityMultipliers: Readonly<Record<Severity, number>>;
  /** Of the profile of this worker. */
  readonly profileMultiplier: number;
  readonly startupGraceMs: number;
  readonly sustainedViolationMs: number;
  readonly spikeToleranceMs: number;
  readonly halfOpenAfterMs: number;
}

export interface ProbesSpec {
  readonly startup: ProbeSpec | undefined;
  readonly readiness: ProbeSpec | undefined;
  readonly liveness: ProbeSpec | undefined;
}

export type ProbeRole = keyof ProbesSpec;

export interface ProbeSpec {
  readonly action: ProbeAction;
  readonly initialDelayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

export type ProbeAction =
  | {
      readonly kind: 'http';
      readonly host: string;
      readonly port: number;
      readonly isTls: boolean;
      readonly path: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | {
      readonly kind: 'grpc';
      readonly host: string;
      readonly port: number;
      readonly isTls: boolean;
      readonly service: string;
    }
  | { readonly kind: 'exec'; readonly command: readonly [string, ...string[]] }
  | { readonly kind: 'log'; readonly pattern: string; readonly stream: 'stdout' | 'stderr' | undefined }
  | {
      readonly kind: 'url';
      readonly url: string;
      readonly isVerified: boolean;
      readonly serverName: string | undefined;
      /** PEM; undefined: the public authorities. */
      readonly ca: string | undefined;
    }
  | {
      readonly kind: 'endpoint';
      readonly protocol: string;
      readonly host: string;
      readonly port: number;
      readonly isTls: boolean;
    }
  | { readonly kind: 'contract' }
  | { readonly kind: 'notify' };

export type HookSpec = (
  | { readonly kind: 'exec'; readonly command: readonly [string, ...string[]] }
  | { readonly kind: 'http'; readonly url: string; readonly method: 'GET' | 'POST' | 'PUT' }
) & { readonly timeoutMs: number };

export interface StopSpec {
  readonly signal: Signal;
  /** From the beginning of the stop to the kill. */
  readonly graceMs: number;
  readonly drainMs: number;
  readonly preStop: HookSpec | undefined;
  readonly isWholeGroup: boolean;
}

export type LimitPolicy = (typeof LIMIT_POLICIES)[number];

/** Names of limits as they are shown, with the unit of each. */
export const LIMIT_UNITS = {
  'memory.max_rss': 'bytes',
  'memory.max_virtual': 'bytes',
  'memory.max_swap': 'bytes',
  'cpu.max_percent': 'percent',
  'cpu.max_time': 'ms',
  'cpu.shares': 'weight',
  'io.max_read_rate': 'bytes_per_s',
  'io.max_write_rate': 'bytes_per_s',
  'io.max_read_ops': 'per_s',
  'io.max_write_ops': 'per_s',
  'io.max_file_descriptors': 'count',
  'process.max_processes': 'count',
  'network.max_connections': 'count',
  'storage.max_temporary': 'bytes',
  'storage.max_logs': 'bytes',
  'storage.max_file_size': 'bytes',
} as const;

export type LimitName = keyof typeof LIMIT_UNITS;

export interface Limit {
  readonly value: number;
  readonly policy: LimitPolicy;
  /** Share of the value from which on a warning is told, 0 … 1. */
  readonly warnRatio: number;
}

export type LimitsSpec = Readonly<Partial<Record<LimitName, Limit>>>;

export interface MonitoringSpec {
  readonly isEnabled: boolean;
  readonly intervalMs: number;
  readonly retentionMs: number;
}

export interface LogSpec {
  readonly mode: 'daemon' | 'file';
  readonly maxBytes: number;
  readonly maxFiles: number;
  readonly maxAgeMs: number | undefined;
  readonly isCompressed: boolean;
  /** Bytes a second and stream. */
  readonly rateLimit: number | undefined;
  readonly forward: { readonly pattern: string; readonly stream: 'stdout' | 'stderr' | undefined } | undefined;
}
