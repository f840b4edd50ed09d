import type { WorkerProbeInput, WorkerProbesInput } from '@roundhouse/api';
import { argumentsOf } from './program.ts';
import { durationMs } from './quantities.ts';
import type { ProbeAction, ProbeSpec, ProbesSpec } from './spec.ts';

const LOOPBACK = '127.0.0.1';

export function probesOf({ startup, readiness, liveness }: WorkerProbesInput = {}): ProbesSpec {
  return {
    startup: startup && probeOf(startup),
    readiness: readiness && probeOf(readiness),
    liveness: liveness && probeOf(liveness),
  };
}

function probeOf(input: WorkerProbeInput): ProbeSpec {
  return {
    action: actionOf(input),
    initialDelayMs: durationMs(input.initial_delay ?? '0s'),
    periodMs: durationMs(input.period ?? '10s'),
    timeoutMs: durationMs(input.timeout ?? '1s'),
    successThreshold: input.success_threshold ?? 1,
    failureThreshold: input.failure_threshold ?? 3,
  };
}

/** The schema has checked that there is exactly one. */
function actionOf({ http, tcp, grpc, exec, log, url, endpoint, contract }: WorkerProbeInput): ProbeAction {
  if (http !== undefined) {
    const { host = LOOPBACK, port, tls: isTls = false, path = '/', headers = {} } = http;
    return { kind: 'http', host, port, isTls, path, headers };
  }
  if (tcp !== undefined) return { kind: 'tcp', host: tcp.host ?? LOOPBACK, port: tcp.port };
  if (grpc !== undefined) {
    const { host = LOOPBACK, port, tls: isTls = false, service = '' } = grpc;
    return { kind: 'grpc', host, port, isTls, service };
  }
  if (exec !== undefined) return { kind: 'exec', command: argumentsOf(exec.command) };
  if (log !== undefined) return { kind: 'log', pattern: log.pattern, stream: log.stream };
  if (url !== undefined) {
    const { address, verify = false, server_name, ca } = typeof url === 'string' ? { address: url } : url;
    return { kind: 'url', url: address, isVerified: verify, serverName: server_name, ca };
  }
  if (endpoint !== undefined) {
    const { kind: protocol, host = LOOPBACK, port, tls: isTls = false } = endpoint;
    return { kind: 'endpoint', protocol, host, port, isTls };
  }
  return { kind: contract === true ? 'contract' : 'notify' };
}
