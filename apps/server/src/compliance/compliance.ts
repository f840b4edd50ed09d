import { ComplianceMonitor, type FactProvider, type Transition } from '@roundhouse/audit/compliance';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { Gateway } from '@roundhouse/sessions';
import type { Store } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { Limits } from '../limit/limits.ts';
import type { Policy } from '../policy/policy.ts';
import type { Resources } from '../resource/resources.ts';
import { accountFacts } from './facts/accounts.ts';
import { alertFacts } from './facts/alerts.ts';
import { backupFacts } from './facts/backup.ts';
import { auditFacts, type AuditFactsSources } from './facts/audit.ts';
import { changeFacts } from './facts/changes.ts';
import { exposureFacts, type ExposureFactsSources } from './facts/exposure.ts';
import { machineFacts, type TimePlaces } from './facts/machine.ts';
import { maskingFacts } from './facts/masking.ts';
import { secondFactorFacts } from './facts/secondFactor.ts';
import { sealingFacts } from './facts/sealing.ts';
import { softwareFacts } from './facts/software.ts';
import { tokenFacts } from './facts/token.ts';
import { statusMemory } from './memory.ts';
import type { ComplianceOptions } from './options.ts';
import { monitorSettings } from './settings.ts';
import { Usage } from './usage.ts';

/** What only some servers have; what is absent makes its facts unknown. */
export interface ComplianceSources {
  /** Keeps each change of a result as a record. */
  readonly record?: (transition: Transition) => void;
  /** Facts from where the server cannot look: its file, backups, reviews, second factors, masks. */
  readonly providers?: readonly FactProvider[];
  readonly dataDirectory?: string;
  readonly time?: TimePlaces;
  readonly nodeVersion?: string;
}

export interface ComplianceDependencies
  extends Pick<ExposureFactsSources, 'listeners' | 'hasFrontDoor' | 'authentication' | 'certificates'> {
  readonly sources: ComplianceSources;
  /** The audit journal and what looks after it. */
  readonly audit: Pick<
    AuditFactsSources,
    'journal' | 'index' | 'retention' | 'verification' | 'reviewer' | 'offHostSinks'
  >;
  /** Types of events that letters are sent about. */
  readonly mailed: ((type: string) => boolean) | undefined;
  /** That of the root principal. */
  readonly token: string;
  readonly resources: Resources;
  readonly policy: () => Policy;
  readonly gateway: Gateway;
  readonly limits: Limits;
  readonly journal: EventJournal;
  readonly store: Store;
  readonly hasConfiguration: () => boolean;
  /** Files of the configuration in force. */
  readonly configurationFiles: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly scope: Scope;
}

/** Rules over this server, evaluated soon after what may change them, on schedule, and when somebody asks. */
export interface Compliance {
  readonly monitor: ComplianceMonitor;
  /** Somebody was let in. */
  noteUse(principal: string): void;
  /** Takes another configuration. */
  configure(options: ComplianceOptions | undefined): void;
}

/** Events that may change a result: of resources, of the configuration, of certificates, of limits. */
const RELEVANT =
  /^roundhouse\.(?:(?:principal|role|api_key|endpoint|webhook)\.(?:created|changed|removed)|configuration\.|certificate\.|limit\.)/;

export function createCompliance(options: ComplianceOptions | undefined, deps: ComplianceDependencies): Compliance {
  const { sources, store, journal, clock, log, scope } = deps;
  const usage = new Usage(store, clock);
  let current = options;
  const monitor = new ComplianceMonitor(monitorSettings(options), {
    providers: providersOf(deps, usage, () => current?.evidence ?? {}),
    clock,
    scope,
    memory: statusMemory(store),
    onTransition: (transition) => {
      tell(transition, journal);
      sources.record?.(transition);
    },
    onFailure: (what, error) => log.warn('a source of facts failed', { source: what, reason: String(error) }),
  });
  const leave = journal.watch(({ type }) => {
    if (RELEVANT.test(type)) monitor.changed();
  });
  scope.onEnd(leave);
  return {
    monitor,
    noteUse: (principal) => usage.note(principal),
    configure(next) {
      current = next;
      monitor.configure(monitorSettings(next));
    },
  };
}

function providersOf(
  deps: ComplianceDependencies,
  usage: Usage,
  files: () => NonNullable<ComplianceOptions['evidence']>,
): readonly FactProvider[] {
  const { sources, resources, authentication, clock, journal, gateway, limits, hasConfiguration } = deps;
  const { dataDirectory, time, nodeVersion, providers = [] } = sources;
  return [
    accountFacts({ resources, authentication, policy: deps.policy, usage, clock }),
    alertFacts(resources, deps.mailed),
    auditFacts({ ...deps.audit, resources, policy: deps.policy, clock }),
    backupFacts({ files, clock, journal: () => deps.audit.journal?.status().journal }),
    changeFacts({ journal, resources, hasConfiguration, files, configurationFiles: deps.configurationFiles }),
    exposureFacts({ ...deps, resources, clock }),
    machineFacts({
      clock,
      limits,
      gateway,
      resources,
      dataDirectory,
      ...(time === undefined ? {} : { time }),
      ...(nodeVersion === undefined ? {} : { nodeVersion }),
    }),
    maskingFacts(),
    secondFactorFacts({ authentication, listeners: deps.listeners, resources, usage, clock }),
    sealingFacts(deps.store),
    softwareFacts({ files, clock }),
    tokenFacts(deps.token),
    ...providers,
  ];
}

function tell({ fact, from, profile, result }: Transition, journal: EventJournal): void {
  const { rule, status } = result;
  const data = { profile, title: rule.title, severity: rule.severity, from, to: status };
  if (fact === 'violated') journal.publish('compliance.violated', rule.id, data);
  if (fact === 'restored') journal.publish('compliance.restored', rule.id, data);
}
