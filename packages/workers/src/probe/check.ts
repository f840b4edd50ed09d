import type { Scope } from '@roundhouse/core';
import { connectTcp, formatAddress } from '@roundhouse/net';
import { type Endpoint, ladder, type Probe, type ProbeResult, resolveEndpoint } from '@roundhouse/traffic';
import type { WorkerContract } from '../contract/contract.ts';
import { workerError } from '../errors.ts';
import { type InstanceId, nameOf } from '../instance/id.ts';
import type { Logs } from '../logs/contract.ts';
import type { Run } from '../process/contract.ts';
import type { ProbeAction, ProbeRole } from '../spec/spec.ts';
import type { WorkerCheck } from './contract.ts';
import { type Execute, runCommand } from './command.ts';
import { excerpt } from './excerpt.ts';
import { checkGrpc } from './grpcHealth.ts';
import { exchangeHttp } from './httpExchange.ts';
import { LogPattern } from './logPattern.ts';

/** What a program made for systemd has sent to `NOTIFY_SOCKET`, as sd_notify(3) does. */
export interface Notices {
  /** Whether this run has sent `READY=1`. */
  isReady(instance: InstanceId, run: Run): boolean | Promise<boolean>;
}

/** Where the check of a protocol goes. */
export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

export interface CheckDependencies {
  /** Runs a command as the program is run. */
  readonly execute: Execute;
  readonly logs: Pick<Logs, 'follow'>;
  /** The check of a protocol; undefined for one that is not known. */
  readonly endpointProbe: (protocol: string) => Probe<ProbeTarget> | undefined;
  /** The check of a URL, by the protocol of its scheme. */
  readonly urlProbe: Probe<UrlTarget>;
  /** Undefined for a worker that is not integrated. */
  readonly contract: WorkerContract | undefined;
  readonly notices: Notices;
}

/** What a URL is checked with. */
export type UrlTarget = Omit<Extract<ProbeAction, { kind: 'url' }>, 'kind'>;

type Action<K extends ProbeAction['kind']> = Extract<ProbeAction, { kind: K }>;

/** The check of one run of an instance; `scope` is that of the watch of the run. */
export function createWorkerCheck(instance: InstanceId, run: Run, deps: CheckDependencies, scope: Scope): WorkerCheck {
  return new RunCheck(instance, run, deps, scope);
}

class RunCheck implements WorkerCheck {
  readonly #instance: InstanceId;
  readonly #run: Run;
  readonly #deps: CheckDependencies;
  readonly #scope: Scope;
  readonly #patterns = new Map<Action<'log'>, LogPattern>();

  constructor(instance: InstanceId, run: Run, deps: CheckDependencies, scope: Scope) {
    this.#instance = instance;
    this.#run = run;
    this.#deps = deps;
    this.#scope = scope;
  }

  async check(action: ProbeAction, role: ProbeRole, scope: Scope): Promise<ProbeResult> {
    if (action.kind === 'url') return this.#deps.urlProbe.check(this.#endpoint(action), scope);
    if (action.kind === 'endpoint') {
      const probe = this.#deps.endpointProbe(action.protocol);
      if (probe !== undefined) return probe.check(this.#endpoint(action), scope);
    }
    const rung = { name: action.kind, run: () => this.#try(action, role, scope) };
    return ladder(action.kind, () => undefined, [rung]).check(this.#endpoint(undefined), scope);
  }

  #endpoint<Target>(target: Target): Endpoint<Target> {
    return resolveEndpoint({ id: nameOf(this.#instance), target });
  }

  async #try(action: ProbeAction, role: ProbeRole, scope: Scope): Promise<void> {
    switch (action.kind) {
      case 'http':
        return checkHttp(action, scope);
      case 'tcp':
        return checkTcp(action, scope);
      case 'grpc':
        return checkGrpc(action, scope);
      case 'exec':
        return runCommand(action.command, this.#deps.execute, scope);
      case 'log':
        return this.#pattern(action).check(scope);
      case 'url':
      case 'endpoint':
        throw unsupported(action.kind, `there is no check for ${action.kind === 'url' ? action.url : action.protocol}`);
      case 'contract':
        return checkContract(this.#deps.contract, role, scope);
      default:
        if (!(await this.#deps.notices.isReady(this.#instance, this.#run))) throw workerError('PROBE_NOT_NOTIFIED');
    }
  }

  #pattern(action: Action<'log'>): LogPattern {
    let pattern = this.#patterns.get(action);
    if (pattern === undefined) {
      pattern = new LogPattern(action, this.#instance, this.#run.startedAt, this.#deps.logs, this.#scope);
      this.#patterns.set(action, pattern);
    }
    return pattern;
  }
}

/** Passes with 200 to 399; the certificate is not checked, as in Kubernetes: a probe asks whether the program is well. */
async function checkHttp({ host, port, isTls, path, headers }: Action<'http'>, scope: Scope): Promise<void> {
  const url = new URL(`${isTls ? 'https' : 'http'}://${formatAddress({ host, port })}${path}`);
  const { status, text } = await exchangeHttp({ url, method: 'GET', headers, isVerified: false }, scope);
  if (status >= 200 && status < 400) return;
  throw workerError('PROBE_HTTP_STATUS', {
    details: { url: url.href, http_status: status, answer: excerpt(text) },
  });
}

async function checkTcp({ host, port }: Action<'tcp'>, scope: Scope): Promise<void> {
  const transport = await connectTcp({ host, port }, scope);
  scope.onEnd(() => transport.destroy());
  // An orderly end: a reset would stand in the log of the program.
  void transport.close();
}

/** A worker that is draining is not ready, and well. */
async function checkContract(contract: WorkerContract | undefined, role: ProbeRole, scope: Scope): Promise<void> {
  if (contract === undefined) throw unsupported('contract', 'the worker is not integrated');
  if (role === 'liveness') {
    const { status, reason } = await contract.health(scope);
    if (status === 'unhealthy') throw workerError('CONTRACT_UNHEALTHY', { details: { reason: excerpt(reason) } });
  } else {
    const { isReady, reason } = await contract.ready(scope);
    if (!isReady) throw workerError('CONTRACT_NOT_READY', { details: { reason: excerpt(reason) } });
  }
}

function unsupported(kind: string, reason: string): Error {
  return workerError('PROBE_UNSUPPORTED', { details: { kind, reason } });
}
