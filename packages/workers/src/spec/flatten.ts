import type {
  HealthCheckOptions,
  WorkerHealthCheck,
  WorkerInput,
  WorkerProbeInput,
  WorkerUnitInput,
} from '@roundhouse/api';
import { workerError } from '../errors.ts';

type Unit = NonNullable<WorkerUnitInput['managed']> & NonNullable<WorkerUnitInput['unmanaged']>;
type Control = NonNullable<NonNullable<WorkerUnitInput['managed']>['control']>;
type Fields = Partial<Omit<WorkerInput, 'id' | 'unit' | 'profile_type'>>;

/**
 * The worker without its nested form: what stands under `unit` becomes fields of its own. Raises WORKER_UNIT_CONFLICT
 * when both say the same thing, or the unit is of another type.
 */
export function flattenWorker(input: WorkerInput): Omit<WorkerInput, 'unit' | 'profile_type'> {
  const { unit, profile_type: profile, ...rest } = input;
  const type = input.type ?? 'managed';
  const foreign = Object.keys(unit ?? {}).find((key) => key !== type);
  if (foreign !== undefined) throw conflict(input.id, `unit.${foreign}`, `its type is ${type}`);
  if (profile !== undefined && rest.profile !== undefined) {
    throw conflict(input.id, 'profile', '`profile_type` says it too');
  }
  const nested: Fields = {
    ...(profile !== undefined && { profile }),
    ...(unit?.managed && managedFields(unit.managed as Unit)),
    ...(unit?.integrated && integratedFields(unit.integrated)),
    ...(unit?.unmanaged && unmanagedFields(unit.unmanaged as Unit, input.id)),
  };
  const twice = Object.keys(nested).find((key) => Object.hasOwn(rest, key));
  if (twice !== undefined) throw conflict(input.id, twice, 'it stands under `unit` too');
  return { ...nested, ...rest };
}

function conflict(worker: string, field: string, reason: string): Error {
  return workerError('WORKER_UNIT_CONFLICT', { details: { worker, field, reason } });
}

function managedFields({ metadata, control, health_check: check }: Unit): Fields {
  const liveness = check && livenessOf(check);
  return {
    ...describedBy(metadata),
    ...(control && controlFields(control as Control)),
    ...(liveness && { probes: { liveness } }),
  };
}

function integratedFields(unit: NonNullable<WorkerUnitInput['integrated']>): Fields {
  const { metadata, control, health_check_run_options: options } = unit;
  const isChecked = options !== undefined && options.enabled !== false;
  return {
    ...describedBy(metadata),
    ...(control && controlFields(control)),
    ...(isChecked && { probes: { liveness: { contract: true, ...timesOf(options) } } }),
  };
}

function unmanagedFields({ metadata, discovery, control, health_check: check }: Unit, worker: string): Fields {
  const liveness = check && livenessOf(check);
  const found = discovery && attachOf(discovery, worker);
  const { can_terminate: canStop, allowed_signals: signals, graceful_timeout: grace } = control ?? {};
  const attach = found && {
    ...found,
    ...(canStop !== undefined && { can_stop: canStop }),
    ...(signals !== undefined && { allowed_signals: signals }),
  };
  return {
    ...describedBy(metadata),
    ...(attach && { attach }),
    ...(grace !== undefined && { stop: { grace } }),
    ...(liveness && { probes: { liveness } }),
  };
}

function describedBy(metadata: Unit['metadata']): Fields {
  const description = metadata?.description ?? metadata?.name;
  return description === undefined ? {} : { description };
}

function controlFields(control: Control): Fields {
  const { execution, limits, resource_monitoring: monitoring, graceful_timeout: grace } = control;
  const { restart_policy: policy, context_aware_restart: contextAware } = control;
  const hasRestart = policy !== undefined || contextAware !== undefined;
  return {
    ...(execution && {
      command: [execution.executable_path, ...(execution.args ?? [])],
      ...(execution.environment && { environment: variablesOf(execution.environment) }),
      ...(execution.working_directory !== undefined && { working_directory: execution.working_directory }),
    }),
    ...(limits && { limits }),
    ...(monitoring && { resource_monitoring: monitoring }),
    ...(grace !== undefined && { stop: { grace } }),
    ...(hasRestart && {
      restart: {
        ...(policy !== undefined && { policy: policyOf(policy) }),
        ...(contextAware && { context_aware: contextAware }),
      },
    }),
  };
}

function policyOf(policy: NonNullable<Control['restart_policy']>) {
  if (policy === 'on-failure') return 'on_failure';
  return policy === 'unless-stopped' ? 'unless_stopped' : policy;
}

function variablesOf(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

function attachOf(discovery: NonNullable<Unit['discovery']>, worker: string): NonNullable<WorkerInput['attach']> {
  const { method, process_name: name, process_args: args, port, pid_file: file, check_interval: interval } = discovery;
  const every = interval === undefined ? {} : { check_interval: interval };
  if (method === 'pid-file' && file !== undefined) return { pid_file: file, ...every };
  if (method === 'port' && port !== undefined) return { port, ...every };
  if (method === 'process-name' && name !== undefined) {
    return { process_name: name, ...(args && { arguments: args }), ...every };
  }
  throw conflict(worker, 'unit.unmanaged.discovery', `the method ${method} needs the field of its name`);
}

/** Undefined when it is switched off. */
function livenessOf(check: WorkerHealthCheck): WorkerProbeInput | undefined {
  const { run_options: options = {} } = check;
  if (options.enabled === false) return undefined;
  return { ...actionOf(check), ...timesOf(options) };
}

function actionOf({ type, http, grpc, tcp, exec }: WorkerHealthCheck): WorkerProbeInput {
  if (type === 'http' && http !== undefined) {
    const { protocol, hostname, port, pathname, search } = new URL(http.url);
    const isTls = protocol === 'https:';
    return {
      http: {
        host: withoutBrackets(hostname),
        port: port === '' ? (isTls ? 443 : 80) : Number(port),
        tls: isTls,
        path: `${pathname}${search}`,
        ...(http.headers && { headers: http.headers }),
      },
    };
  }
  if (type === 'grpc' && grpc !== undefined) {
    const colon = grpc.address.lastIndexOf(':');
    return {
      grpc: {
        host: withoutBrackets(grpc.address.slice(0, colon)),
        port: Number(grpc.address.slice(colon + 1)),
        ...(grpc.service !== undefined && { service: grpc.service }),
      },
    };
  }
  if (type === 'tcp' && tcp !== undefined) {
    return { tcp: { port: tcp.port, ...(tcp.address !== undefined && { host: tcp.address }) } };
  }
  return { exec: { command: [exec?.command ?? '', ...(exec?.args ?? [])] } };
}

/** An IPv6 address as it is outside of URLs. */
function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}

function timesOf({ interval, timeout, initial_delay: delay, retries }: HealthCheckOptions): WorkerProbeInput {
  return {
    ...(interval !== undefined && { period: interval }),
    ...(timeout !== undefined && { timeout }),
    ...(delay !== undefined && { initial_delay: delay }),
    ...(retries !== undefined && { failure_threshold: retries + 1 }),
  };
}
