import {
  type ConfigDocument,
  type Diagnostic,
  diffConfig,
  explain,
  type Files,
  loadConfig,
  type Plan,
  type Sources,
  systemSecrets,
} from '@roundhouse/config';
import { type Clock, isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import { type ConfigurationValue, configurationDefinition, SECRETS } from './definition.ts';
import { configurationError } from './errors.ts';
import { masked } from './masked.ts';
import { PLAN_RULES } from './plan.ts';

export interface ConfigurationDependencies {
  readonly files: Files;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Whether the machine is asked too: ports, paths, certificates, limits. Default true. */
  readonly isMachineChecked?: boolean;
}

/** A configuration that has passed all checks. */
export interface CheckedConfiguration {
  readonly value: ConfigurationValue;
  readonly document: ConfigDocument;
  readonly warnings: readonly Diagnostic[];
}

/** Reads and checks everything. Raises CONFIGURATION_INVALID, whose details have all diagnostics. */
export async function readConfiguration(
  sources: Sources,
  deps: ConfigurationDependencies,
  scope: Scope,
  ownAddresses?: ReadonlySet<string>,
): Promise<CheckedConfiguration> {
  const { files, variables, clock, isMachineChecked = true } = deps;
  const loaded = await loadConfig(
    configurationDefinition({ clock, ...(ownAddresses === undefined ? {} : { ownAddresses }) }),
    sources,
    { files, variables, scope, secrets: systemSecrets(files, variables), isMachineChecked },
  );
  if (loaded.ok) return loaded;
  const { diagnostics, omitted, paths } = loaded;
  const [first] = diagnostics;
  const where = first === undefined ? 'an unknown place' : placeOf(first);
  throw configurationError('CONFIGURATION_INVALID', {
    details: { count: diagnostics.length + omitted, first: where, diagnostics, omitted, paths },
  });
}

/** What the server does with a configuration that is new. */
export interface ConfigurationTarget {
  /** Puts it in force, whole or not at all; restarts are not its business. */
  apply(value: ConfigurationValue): Promise<void>;
  /** Share of the endpoints that were healthy before and are configured still that are so now, 0 … 1; 1 without any. */
  health(): HealthWatch;
}

export interface HealthWatch {
  /** Share of those that were healthy at the start of the watch that are healthy now. */
  readonly share: number;
}

export interface ReloaderDependencies extends ConfigurationDependencies {
  readonly target: ConfigurationTarget;
  /** `reloaded`, `rejected`, `rolled_back`. */
  readonly publish: (type: string, data: Readonly<Record<string, unknown>>) => void;
  readonly log: Logger;
  readonly scope: Scope;
  /** Addresses that the server listens at, as `host:port`. */
  readonly ownAddresses: () => ReadonlySet<string>;
}

export interface Reload {
  readonly plan: Plan;
  readonly applied: boolean;
  readonly warnings: readonly Diagnostic[];
}

/** How long the endpoints are looked at after a reload, and how much of their health may be lost. */
const WATCH_MS = 10_000;
const LEAST_SHARE = 0.5;
/** Between two looks. */
const LOOK_MS = 1_000;

/** The configuration in force, and the way to the next. Reloads wait for each other. */
export class Configuration {
  readonly #sources: Sources;
  readonly #deps: ReloaderDependencies;
  #current: CheckedConfiguration;
  #loadedAt: number;
  #turn: Promise<unknown> = Promise.resolve();
  #watch: Scope | undefined;

  constructor(sources: Sources, current: CheckedConfiguration, deps: ReloaderDependencies) {
    this.#sources = sources;
    this.#current = current;
    this.#deps = deps;
    this.#loadedAt = deps.clock.now();
  }

  get file(): string | null {
    return this.#sources.file ?? null;
  }

  get loadedAt(): number {
    return this.#loadedAt;
  }

  /** Every file that a change of is a change of the configuration. */
  get paths(): readonly string[] {
    return this.#current.document.paths;
  }

  /** In force, secrets masked. */
  values(): Readonly<Record<string, unknown>> {
    return masked(this.#current.value, SECRETS);
  }

  /** Where each value comes from, by its path. */
  origins(): Readonly<Record<string, string>> {
    const winners = Object.keys(this.#current.value).flatMap((section) =>
      explain(this.#current.document, section).filter(({ wins }) => wins),
    );
    return Object.fromEntries(winners.map(({ path, layer, place }) => [path, place === '' ? layer : place]));
  }

  /**
   * Reads everything again and puts in force what has changed: all of it, or, when it is not valid or cannot be applied,
   * nothing. Where endpoints lose their health soon after, the configuration before comes back. Raises
   * CONFIGURATION_INVALID, CONFIGURATION_REJECTED.
   */
  reload({ isDryRun = false }: { readonly isDryRun?: boolean } = {}): Promise<Reload> {
    const turn = this.#turn.then(() => this.#reload(isDryRun));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #reload(isDryRun: boolean): Promise<Reload> {
    const { publish, ownAddresses, scope, log } = this.#deps;
    const before = this.#current;
    let next: CheckedConfiguration;
    try {
      next = await readConfiguration(this.#sources, this.#deps, scope, ownAddresses());
    } catch (error) {
      if (!isDryRun) this.#rejected(error);
      throw error;
    }
    const plan = diffConfig(before.value, next.value, PLAN_RULES);
    const { warnings } = next;
    if (isDryRun) return { plan, applied: false, warnings };
    await this.#apply(next.value);
    this.#current = next;
    this.#loadedAt = this.#deps.clock.now();
    publish('reloaded', { changes: plan.changes.length, action: plan.action ?? null });
    log.info('configuration reloaded', { changes: plan.changes.length });
    if (plan.changes.length > 0) this.#watchHealth(before, next);
    return { plan, applied: true, warnings };
  }

  async #apply(value: ConfigurationValue): Promise<void> {
    try {
      await this.#deps.target.apply(value);
    } catch (cause) {
      const reason = isRoundhouseError(cause) ? `${cause.code}: ${cause.message}` : String(cause);
      const error = configurationError('CONFIGURATION_REJECTED', { details: { reason }, cause });
      this.#rejected(error);
      throw error;
    }
  }

  #rejected(error: unknown): void {
    const { code, message } = isRoundhouseError(error) ? error : { code: 'INTERNAL', message: String(error) };
    this.#deps.publish('rejected', { code, reason: message });
    this.#deps.log.error('configuration rejected', { code, reason: message });
  }

  /** Brings the configuration before back when, within a while, half of what was healthy is not any more. */
  #watchHealth(before: CheckedConfiguration, after: CheckedConfiguration): void {
    this.#watch?.end();
    const watch = this.#deps.scope.child();
    this.#watch = watch;
    const health = this.#deps.target.health();
    void this.#lookAgain(watch, health, before, after).catch(() => {});
  }

  async #lookAgain(
    watch: Scope,
    health: HealthWatch,
    before: CheckedConfiguration,
    after: CheckedConfiguration,
  ): Promise<void> {
    const until = this.#deps.clock.monotonic() + WATCH_MS;
    while (this.#deps.clock.monotonic() < until) {
      await watch.sleep(LOOK_MS);
      const { share } = health;
      if (share >= LEAST_SHARE) continue;
      await (this.#turn = this.#turn.then(() => this.#rollBack(before, after, share)));
      break;
    }
    watch.end();
  }

  async #rollBack(before: CheckedConfiguration, after: CheckedConfiguration, share: number): Promise<void> {
    // Another reload has come in between: what it brought is judged by its own watch.
    if (this.#current !== after) return;
    try {
      await this.#apply(before.value);
    } catch {
      return;
    }
    this.#current = before;
    this.#deps.publish('rolled_back', { healthy_share: share });
    this.#deps.log.error('configuration rolled back: endpoints lost their health', { healthy_share: share });
  }
}

function placeOf({ file, line, column }: Diagnostic): string {
  return line === undefined ? String(file) : `${file}:${line}:${column}`;
}
