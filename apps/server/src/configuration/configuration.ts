import type { ReloadPlan } from '@roundhouse/api';
import {
  type ConfigDocument,
  type Diagnostic,
  type DirectoryWatcher,
  explain,
  type Files,
  loadConfig,
  type Override,
  type Plan,
  type Sources,
  systemSecrets,
  watchFiles,
} from '@roundhouse/config';
import { type Clock, isRoundhouseError, type Logger, type Scope, type Timer } from '@roundhouse/core';
import { type ConfigurationValue, configurationDefinition, SECRETS } from './definition.ts';
import { configurationError } from './errors.ts';
import { masked } from './masked.ts';
import { planReload } from './plan.ts';
import { workerEffects } from './workers.ts';

export interface ConfigurationDependencies {
  readonly files: Files;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Whether the machine is asked too: ports, paths, certificates, limits. Default true. */
  readonly isMachineChecked?: boolean;
  /** Weaker than every file: what ROUNDHOUSE_PORT, --port and ROUNDHOUSE_FRONT_PORT say. */
  readonly ports?: DefaultPorts;
}

export interface DefaultPorts {
  readonly port: number;
  readonly frontPort: number | undefined;
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
  ownPorts?: ReadonlySet<number>,
): Promise<CheckedConfiguration> {
  const { files, variables, clock, isMachineChecked = true, ports } = deps;
  const loaded = await loadConfig(
    configurationDefinition({
      clock,
      ...(ownPorts === undefined ? {} : { ownPorts }),
      ...(ports === undefined ? {} : { profiles: { [PORTS]: layerOf(ports) } }),
    }),
    ports === undefined ? sources : { ...sources, profile: PORTS },
    { files, variables, scope, secrets: systemSecrets(files, variables), isMachineChecked },
  );
  if (loaded.ok) return loaded;
  throw invalid(loaded.diagnostics, loaded.omitted, loaded.paths);
}

function invalid(diagnostics: readonly Diagnostic[], omitted: number, paths: readonly string[]): Error {
  const [first] = diagnostics;
  const where = first === undefined ? 'an unknown place' : placeOf(first);
  return configurationError('CONFIGURATION_INVALID', {
    details: { count: diagnostics.length + omitted, first: where, diagnostics, omitted, paths },
  });
}

/** What has become empty was cut off, or is being written: it would take all away that it said. Raises CONFIGURATION_INVALID. */
function mustNotBeEmptied(before: CheckedConfiguration, { warnings, document }: CheckedConfiguration): void {
  const wasEmpty = new Set(before.warnings.filter(({ code }) => code === EMPTY).map(({ file }) => file));
  const emptied = warnings.filter(({ code, file }) => code === EMPTY && !wasEmpty.has(file));
  if (emptied.length === 0) return;
  const hint = 'What it said stays in force. Write {} into it to take all of that away.';
  throw invalid(
    emptied.map((each) => ({ ...each, severity: 'error', hint })),
    0,
    document.paths,
  );
}

const EMPTY = 'CONFIG_EMPTY';

/** Name of the layer of `ports`, as places show it. */
const PORTS = 'ROUNDHOUSE_PORT';

function layerOf({ port, frontPort }: DefaultPorts): string {
  return `server: { port: ${port} }\n${frontPort === undefined ? '' : `front_door: { port: ${frontPort} }\n`}`;
}

/** What the server does with a configuration that is new. */
interface ConfigurationTarget {
  /** Puts `next` in the place of `before`, whole or not at all; restarts are not its business. */
  apply(next: ConfigurationValue, before: ConfigurationValue): Promise<void>;
  /** Remembers what is healthy now. */
  health(): HealthWatch;
}

export interface HealthWatch {
  /** Of the endpoints that were healthy at the start and are configured still, the share that is so now, 0 … 1; 1 without any. */
  readonly share: number;
}

export interface ReloaderDependencies extends ConfigurationDependencies {
  readonly target: ConfigurationTarget;
  /** `reloaded`, `rejected`, `rolled_back`. */
  readonly publish: (type: string, data: Readonly<Record<string, unknown>>) => void;
  readonly log: Logger;
  readonly scope: Scope;
  /** Ports that the server listens at. */
  readonly ownPorts: ReadonlySet<number>;
}

export interface Reload {
  readonly plan: Plan;
  /** What becomes of workers: a change of the plan that is `live` may restart them. */
  readonly workers: ReloadPlan['workers'];
  readonly applied: boolean;
  readonly warnings: readonly Diagnostic[];
}

/** How long the endpoints are looked at after a reload, and how much of their health may be lost. */
const WATCH_MS = 10_000;
const LEAST_SHARE = 0.5;
/** Between two looks. */
const LOOK_MS = 1_000;
/** Changes and faults of one reload that the log names; more are in the answer. */
const MAX_LOGGED = 100;
const MAX_OVERRIDES = 100;

/** The configuration in force, and the way to the next. Reloads wait for each other. */
export class Configuration {
  readonly #sources: Sources;
  readonly #deps: ReloaderDependencies;
  /** What the process was started with: what wants a restart is still so. */
  readonly #started: ConfigurationValue;
  #current: CheckedConfiguration;
  #loadedAt: number;
  #turn: Promise<unknown> = Promise.resolve();
  /** Above the file; they end with the process. */
  #overrides: readonly Override[] = [];
  #expiry: Timer | undefined;
  #watch: Scope | undefined;
  #followed:
    | { readonly watcher: DirectoryWatcher; readonly paths: readonly string[]; readonly scope: Scope }
    | undefined;

  constructor(sources: Sources, current: CheckedConfiguration, deps: ReloaderDependencies) {
    this.#sources = sources;
    this.#started = current.value;
    this.#current = current;
    this.#deps = deps;
    this.#loadedAt = deps.clock.now();
    deps.scope.onEnd(() => this.#expiry?.cancel());
  }

  get file(): string | null {
    return this.#sources.file ?? null;
  }

  /** The one in force. */
  get current(): CheckedConfiguration {
    return this.#current;
  }

  get loadedAt(): number {
    return this.#loadedAt;
  }

  /** Reloads whenever a file of the configuration changes, until the scope of the configuration ends. */
  follow(watcher: DirectoryWatcher): Promise<void> {
    return this.#watchFiles(watcher, this.#current.document.paths);
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
    return this.#next(() => this.#reload(isDryRun));
  }

  /** Those in force, in the order in which they were set. */
  get overrides(): readonly Override[] {
    const now = this.#deps.clock.now();
    return this.#overrides.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  }

  /**
   * Sets a value above the file, in the place of an override of the same path. Raises TOO_MANY_OVERRIDES and what
   * `reload` does: then everything is as it was.
   */
  override(override: Override): Promise<Reload> {
    return this.#next(() => {
      const others = this.overrides.filter(({ path }) => path !== override.path);
      if (others.length >= MAX_OVERRIDES) {
        throw configurationError('TOO_MANY_OVERRIDES', { details: { max_overrides: MAX_OVERRIDES } });
      }
      return this.#reloadWith([...others, override]);
    });
  }

  /** Takes an override back. Raises OVERRIDE_NOT_FOUND and what `reload` does. */
  removeOverride(path: string): Promise<Reload> {
    return this.#next(() => {
      const others = this.overrides.filter((each) => each.path !== path);
      if (others.length === this.overrides.length)
        throw configurationError('OVERRIDE_NOT_FOUND', { details: { path } });
      return this.#reloadWith(others);
    });
  }

  #next(work: () => Promise<Reload>): Promise<Reload> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #reloadWith(overrides: readonly Override[]): Promise<Reload> {
    const before = this.#overrides;
    this.#overrides = overrides;
    try {
      return await this.#reload(false);
    } catch (error) {
      this.#overrides = before;
      throw error;
    }
  }

  /** What has run out goes by itself. */
  #planExpiry(expiresAt: number | undefined): void {
    this.#expiry?.cancel();
    if (expiresAt === undefined) return;
    const { clock, scope } = this.#deps;
    if (scope.signal.aborted) return;
    this.#expiry = clock.setTimer(Math.max(0, expiresAt - clock.now()), () => void this.reload().catch(() => {}));
  }

  async #reload(isDryRun: boolean): Promise<Reload> {
    const { publish, ownPorts, scope, log } = this.#deps;
    const before = this.#current;
    let next: CheckedConfiguration;
    try {
      const sources = { ...this.#sources, overrides: this.overrides };
      next = await readConfiguration(sources, this.#deps, scope, ownPorts);
      mustNotBeEmptied(before, next);
    } catch (error) {
      if (!isDryRun) {
        this.#rejected(error);
        const paths = pathsOf(error);
        if (paths.length > 0) await this.#refollow(paths);
      }
      throw error;
    }
    const plan = planReload(this.#started, before.value, next.value);
    const workers = workerEffects(before.value, next.value);
    const { warnings } = next;
    if (isDryRun) return { plan, workers, applied: false, warnings };
    await this.#refollow(next.document.paths);
    // An endpoint that is another host now has no health yet.
    const health = this.#deps.target.health();
    await this.#apply(next.value, before.value);
    this.#current = next;
    this.#loadedAt = this.#deps.clock.now();
    this.#planExpiry(next.document.expiresAt);
    publish('reloaded', { changes: plan.changes.length, action: plan.action ?? null });
    log.info('configuration reloaded', { changes: plan.changes.length, action: plan.action ?? null });
    for (const { path, op, action, fields } of plan.changes.slice(0, MAX_LOGGED)) {
      log.info('configuration change', { path, op, action, fields: fields.map(({ field }) => field) });
    }
    for (const { worker, effect } of workers.slice(0, MAX_LOGGED)) log.info('worker change', { worker, effect });
    for (const { code, message, ...place } of warnings.slice(0, MAX_LOGGED)) {
      log.warn('configuration warning', { code, reason: message, place: placeOf(place) });
    }
    if (plan.changes.length > 0) this.#watchHealth(health, before, next);
    return { plan, workers, applied: true, warnings };
  }

  async #apply(next: ConfigurationValue, before: ConfigurationValue): Promise<void> {
    try {
      await this.#deps.target.apply(next, before);
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
    const { log } = this.#deps;
    log.error('configuration rejected', { code, reason: message });
    for (const { message: fault, ...place } of diagnosticsOf(error).slice(0, MAX_LOGGED)) {
      log.error('configuration fault', { code: place.code, reason: fault, place: placeOf(place) });
    }
  }

  async #refollow(paths: readonly string[]): Promise<void> {
    if (this.#followed !== undefined) await this.#watchFiles(this.#followed.watcher, paths);
  }

  async #watchFiles(watcher: DirectoryWatcher, paths: readonly string[]): Promise<void> {
    if (this.#followed?.paths.join('\n') === paths.join('\n')) return;
    this.#followed?.scope.end();
    const scope = this.#deps.scope.child();
    this.#followed = { watcher, paths, scope };
    const onChange = (): void => void this.reload().catch(() => {});
    await watchFiles(paths, { files: this.#deps.files, watcher, onChange }, scope);
  }

  /** Brings the configuration before back when, within a while, half of what was healthy is not any more. */
  #watchHealth(health: HealthWatch, before: CheckedConfiguration, after: CheckedConfiguration): void {
    this.#watch?.end();
    const watch = this.#deps.scope.child();
    this.#watch = watch;
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
      await this.#apply(before.value, after.value);
    } catch {
      return;
    }
    this.#current = before;
    this.#loadedAt = this.#deps.clock.now();
    this.#deps.publish('rolled_back', { healthy_share: share });
    this.#deps.log.error('configuration rolled back: endpoints lost their health', { healthy_share: share });
  }
}

function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  const found = isRoundhouseError(error) ? error.details['diagnostics'] : undefined;
  return Array.isArray(found) ? (found as Diagnostic[]) : [];
}

/** What to watch until the configuration is right. */
function pathsOf(error: unknown): readonly string[] {
  const paths = isRoundhouseError(error) ? error.details['paths'] : undefined;
  return Array.isArray(paths) ? (paths as string[]) : [];
}

function placeOf({ file, line, column }: Pick<Diagnostic, 'file' | 'line' | 'column'>): string {
  return line === undefined ? String(file) : `${file}:${line}:${column}`;
}
