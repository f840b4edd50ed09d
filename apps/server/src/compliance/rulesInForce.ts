import { ComplianceMonitor, type FactProvider, type Transition } from '@roundhouse/audit/compliance';
import type { EventJournal } from '../event/journal.ts';
import type { ChangeCount } from './changeCount.ts';
import type { ComplianceDependencies } from './compliance.ts';
import { accountFacts } from './facts/accounts.ts';
import { alertFacts } from './facts/alerts.ts';
import { auditFacts } from './facts/audit.ts';
import { backupFacts } from './facts/backup.ts';
import { changeFacts } from './facts/changes.ts';
import type { EvidenceFiles } from './facts/evidenceFile.ts';
import { exposureFacts } from './facts/exposure.ts';
import { machineFacts } from './facts/machine.ts';
import { maskingFacts } from './facts/masking.ts';
import { secondFactorFacts } from './facts/secondFactor.ts';
import { sealingFacts } from './facts/sealing.ts';
import { softwareFacts } from './facts/software.ts';
import { tokenFacts } from './facts/token.ts';
import { statusMemory } from './memory.ts';
import type { ComplianceOptions } from './options.ts';
import { monitorSettings } from './settings.ts';
import type { Usage } from './usage.ts';

/** What evaluates the rules of a configuration. */
export interface RulesInForce {
  readonly monitor: ComplianceMonitor;
  /** Takes another configuration. */
  configure(options: ComplianceOptions | undefined): void;
}

/** What was seen from the start on. */
interface Observed {
  readonly usage: Usage;
  readonly changes: ChangeCount;
}

export function rulesInForce(
  options: ComplianceOptions | undefined,
  deps: ComplianceDependencies,
  observed: Observed,
): RulesInForce {
  const { sources, store, journal, clock, log, scope } = deps;
  let current = options;
  const monitor = new ComplianceMonitor(monitorSettings(options), {
    providers: providersOf(deps, observed, () => current?.evidence ?? {}),
    clock,
    scope,
    memory: statusMemory(store),
    onTransition: (transition) => {
      tell(transition, journal);
      sources.record?.(transition);
    },
    onFailure: (what, error) => log.warn('a source of facts failed', { source: what, reason: String(error) }),
  });
  return {
    monitor,
    configure(next) {
      current = next;
      monitor.configure(monitorSettings(next));
    },
  };
}

function providersOf(
  deps: ComplianceDependencies,
  { usage, changes }: Observed,
  files: () => EvidenceFiles,
): readonly FactProvider[] {
  const { sources, resources, authentication, store, clock, gateway, limits, hasConfiguration } = deps;
  const { dataDirectory, time, nodeVersion, providers = [] } = sources;
  return [
    accountFacts({ resources, authentication, policy: deps.policy, usage, store, clock }),
    alertFacts(resources, deps.mailed),
    auditFacts({ ...deps.audit, resources, policy: deps.policy, clock }),
    backupFacts({ files, clock, journal: () => deps.audit.journal?.status().journal }),
    changeFacts({ changes, hasConfiguration, files, configurationFiles: deps.configurationFiles }),
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
    maskingFacts({ ...deps, hasFrontDoor: deps.frontDoor !== undefined }),
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
