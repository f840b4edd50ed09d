import type { ComplianceMonitor, FactProvider, Transition } from '@roundhouse/audit/compliance';
import type { Clock, Logger, Scope } from '@roundhouse/core';
import type { Gateway } from '@roundhouse/sessions';
import type { Store } from '@roundhouse/store';
import type { EventJournal } from '../event/journal.ts';
import type { Limits } from '../limit/limits.ts';
import type { Policy } from '../policy/policy.ts';
import type { Resources } from '../resource/resources.ts';
import type { AuditFactsSources } from './facts/audit.ts';
import type { ExposureFactsSources } from './facts/exposure.ts';
import type { TimePlaces } from './facts/machine.ts';
import type { MaskingFactsSources } from './facts/masking.ts';
import { ChangeCount } from './changeCount.ts';
import type { ComplianceOptions } from './options.ts';
import type { RulesInForce } from './rulesInForce.ts';
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
  extends Pick<ExposureFactsSources, 'listeners' | 'frontDoor' | 'authentication' | 'certificates'>,
    Pick<MaskingFactsSources, 'masking'> {
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
  /** What evaluates them: loaded for the first who asks, and for itself some seconds after the start. */
  monitor(): Promise<ComplianceMonitor>;
  /** Begins to evaluate by itself. */
  start(): void;
  /** Something has happened that may change a result. */
  changed(): void;
  /** Somebody was let in. */
  noteUse(principal: string): void;
  /** Takes another configuration. */
  configure(options: ComplianceOptions | undefined): void;
}

/** Rules and the language of their expressions are not loaded while a server starts, ms. */
const LOAD_MS = 20_000;
/** What is left of the time for which a start is left alone, ms. */
const SETTLE_MS = 10_000;

/** Events that may change a result: of resources, of the configuration, of certificates, of limits. */
const RELEVANT =
  /^roundhouse\.(?:(?:principal|role|api_key|endpoint|webhook)\.(?:created|changed|removed)|configuration\.|certificate\.|limit\.)/;

export function createCompliance(options: ComplianceOptions | undefined, deps: ComplianceDependencies): Compliance {
  const { store, journal, resources, clock, log, scope } = deps;
  const usage = new Usage(store, clock);
  const changes = new ChangeCount(journal, resources);
  let current = options;
  let loading: Promise<RulesInForce> | undefined;
  let loaded: RulesInForce | undefined;
  const load = (): Promise<RulesInForce> => {
    loading ??= import('./rulesInForce.ts').then(({ rulesInForce }) => {
      loaded = rulesInForce(current, deps, { usage, changes });
      return loaded;
    });
    return loading;
  };
  const changed = (): void => loaded?.monitor.changed();
  const leave = journal.watch(({ type }) => {
    if (RELEVANT.test(type)) changed();
  });
  scope.onEnd(leave);
  return {
    monitor: async () => (await load()).monitor,
    changed,
    noteUse: (principal) => usage.note(principal),
    start() {
      const timer = clock.setTimer(LOAD_MS, () => {
        load().then(
          ({ monitor }) => monitor.start(SETTLE_MS),
          (error: unknown) => log.error('compliance cannot be evaluated', { reason: String(error) }),
        );
      });
      scope.onEnd(() => timer.cancel());
    },
    configure(next) {
      current = next;
      loaded?.configure(next);
    },
  };
}
