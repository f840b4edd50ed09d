import { type Clock, nearest, type Scope, type Timer } from '@roundhouse/core';
import { type Assessment, assess, type RuleResult, type Status } from './assess.ts';
import { complianceError } from './errors.ts';
import { type FactProvider, type FactSheet, gatherFacts } from './fact/gather.ts';
import type { Profile } from './rule/profile.ts';
import type { Rule } from './rule/rule.ts';
import type { Waiver } from './rule/waiver.ts';

/** What is looked at; may change at any time. */
export interface MonitorSettings {
  readonly rules: readonly Rule[];
  readonly profiles: readonly Profile[];
  readonly waivers: readonly Waiver[];
  /** Id of the profile whose transitions are told, and that `assess` takes when it is given none. */
  readonly profile: string;
  /** Between two evaluations when nothing changes, ms. */
  readonly intervalMs: number;
}

/** That a rule came to another status. */
export interface Transition {
  readonly result: RuleResult;
  readonly profile: string;
  /** Null when it is evaluated for the first time. */
  readonly from: Status | null;
  /** What it means: a violation begins, ends, or neither. */
  readonly fact: 'violated' | 'restored' | null;
}

/** What is remembered of a rule from one evaluation to the next. */
export interface KnownStatus {
  readonly status: Status;
  /** It has failed, and has neither passed nor been waived since: what is not known for a while does not end a violation. */
  readonly isViolated: boolean;
}

export type KnownStatuses = Readonly<Record<string, KnownStatus>>;

export interface MonitorDependencies {
  readonly providers: readonly FactProvider[];
  readonly clock: Clock;
  readonly scope: Scope;
  readonly onTransition: (transition: Transition) => void;
  /** Keeps what is known over a restart. */
  readonly memory: {
    load(): Promise<KnownStatuses>;
    save(known: KnownStatuses): Promise<void>;
  };
  /** A provider, or the memory, that failed. */
  readonly onFailure: (what: string, error: unknown) => void;
}

/** How long a start is left alone, and how long changes are waited for that follow each other, ms. */
const SETTLE_MS = 30_000;
const DEBOUNCE_MS = 5_000;

/** Evaluates rules when it is asked, soon after a change, and on schedule. The end of the scope ends it. */
export class ComplianceMonitor {
  readonly #deps: MonitorDependencies;
  #settings: MonitorSettings;
  #known: Record<string, KnownStatus> | undefined;
  #gathering: Promise<FactSheet> | undefined;
  #timer: Timer | undefined;
  /** Monotonic; Infinity when nothing is planned. */
  #due = Infinity;
  #earliest = 0;
  #latest: Assessment | undefined;

  constructor(settings: MonitorSettings, deps: MonitorDependencies) {
    this.#settings = settings;
    this.#deps = deps;
  }

  get settings(): MonitorSettings {
    return this.#settings;
  }

  /** The last one of the profile whose transitions are told; undefined before the first. */
  get latest(): Assessment | undefined {
    return this.#latest;
  }

  /** Begins to evaluate by itself, `settleMs` from now. */
  start(settleMs = SETTLE_MS): void {
    const { clock, scope } = this.#deps;
    scope.onEnd(() => this.#timer?.cancel());
    this.#earliest = clock.monotonic() + settleMs;
    this.#plan(settleMs);
  }

  /** Takes other settings, and looks at all of it anew. */
  configure(settings: MonitorSettings): void {
    this.#settings = settings;
    this.changed();
  }

  /** Something has happened that may change a result. */
  changed(): void {
    const { clock } = this.#deps;
    if (this.#earliest > 0) this.#plan(Math.max(DEBOUNCE_MS, this.#earliest - clock.monotonic()));
  }

  /** Gathers the facts and judges them. Raises COMPLIANCE_PROFILE_UNKNOWN, or the reason of the scope. */
  async assess(profile: string = this.#settings.profile): Promise<Assessment> {
    this.#profile(profile);
    const facts = await this.#gather();
    await this.#recall();
    const assessed = this.#judge(this.#settings.profile, facts);
    await this.#compare(assessed);
    return profile === assessed.profile.id ? assessed : this.#judge(profile, facts);
  }

  #judge(id: string, facts: FactSheet): Assessment {
    const { rules, waivers } = this.#settings;
    return assess({ rules, waivers, facts, profile: this.#profile(id), now: this.#deps.clock.now() });
  }

  #profile(id: string): Profile {
    const { profiles } = this.#settings;
    const found = profiles.find((each) => each.id === id);
    if (found !== undefined) return found;
    const ids = profiles.map((each) => each.id);
    const near = nearest(id, ids);
    const hint = `${near === undefined ? '' : `Did you mean ${near}? `}There are ${ids.join(', ')}.`;
    throw complianceError('COMPLIANCE_PROFILE_UNKNOWN', { details: { profile: id }, hint });
  }

  /** Those who ask while facts are gathered get the same. */
  #gather(): Promise<FactSheet> {
    if (this.#gathering !== undefined) return this.#gathering;
    const { providers, clock, scope, onFailure } = this.#deps;
    const gathering = gatherFacts(providers, { clock, onFailure }, scope).finally(() => (this.#gathering = undefined));
    this.#gathering = gathering;
    return gathering;
  }

  async #recall(): Promise<void> {
    if (this.#known !== undefined) return;
    try {
      this.#known = { ...(await this.#deps.memory.load()) };
    } catch (error) {
      // Told again rather than never; the next evaluation asks again.
      this.#deps.onFailure('what was known before', error);
    }
  }

  async #compare(assessed: Assessment): Promise<void> {
    this.#latest = assessed;
    const known = this.#known;
    if (known === undefined) return;
    let isNew = false;
    for (const result of assessed.results) {
      const { id } = result.rule;
      const before = known[id];
      const next = nextStatus(before, result.status);
      known[id] = next;
      if (before?.status === next.status) continue;
      isNew = true;
      const fact = factOf(before, next);
      this.#deps.onTransition({ result, profile: assessed.profile.id, from: before?.status ?? null, fact });
    }
    if (!isNew) return;
    await this.#deps.memory.save({ ...known }).catch((error: unknown) => {
      this.#deps.onFailure('what is known now', error);
    });
  }

  #plan(delayMs: number): void {
    const { clock, scope } = this.#deps;
    if (scope.signal.aborted) return;
    const due = clock.monotonic() + delayMs;
    if (this.#timer !== undefined && this.#due <= due) return;
    this.#timer?.cancel();
    this.#due = due;
    this.#timer = clock.setTimer(delayMs, () => {
      this.#timer = undefined;
      void this.#turn();
    });
  }

  async #turn(): Promise<void> {
    const { scope, onFailure } = this.#deps;
    try {
      await this.assess();
    } catch (error) {
      if (!scope.signal.aborted) onFailure('an evaluation', error);
    }
    this.#plan(this.#settings.intervalMs);
  }
}

function nextStatus(before: KnownStatus | undefined, status: Status): KnownStatus {
  const isViolated = status === 'fail' || (status === 'unknown' && before?.isViolated === true);
  return { status, isViolated };
}

function factOf(before: KnownStatus | undefined, next: KnownStatus): Transition['fact'] {
  const wasViolated = before?.isViolated === true;
  if (next.isViolated) return wasViolated ? null : 'violated';
  return wasViolated && next.status !== 'waived' ? 'restored' : null;
}
