import { type Clock, nearest, type Timer } from '@roundhouse/core';
import { logError } from './errors.ts';
import type { LogFilter } from './filter.ts';
import { LEVEL_NUMBERS, type LogLevel } from './level.ts';

/** The level of one module, as all its loggers see it at once. */
export interface Threshold {
  /** Least number of a line that is written. */
  least: number;
}

/** One line of `LogLevels.list`. */
export interface ModuleLevel {
  /** `*` for the modules without a level of their own. */
  readonly module: string;
  /** In force now. */
  readonly level: LogLevel;
  /** Whether the module has a level of its own. */
  readonly isOwn: boolean;
  /** When the level ends and the one before it comes back, ms since 1970; null for one that stays. */
  readonly expiresAt: number | null;
}

interface SetLevelOptions {
  /** 1,000 … 86,400,000. Without it the level stays. */
  readonly ttlMs?: number;
}

interface Setting {
  readonly threshold: Threshold;
  /** Stays until the process ends; undefined follows `*`. */
  lasting: LogLevel | undefined;
  passing: { readonly level: LogLevel; readonly expiresAt: number; readonly timer: Timer } | undefined;
}

/** Everything that has no level of its own. */
const ALL = '*';
const MIN_TTL_MS = 1_000;
const MAX_TTL_MS = 86_400_000;

/** Levels of all modules; a change reaches every logger that was ever made. */
export class LogLevels {
  readonly #clock: Clock;
  readonly #all: Setting;
  readonly #modules = new Map<string, Setting>();
  #first: LogFilter;

  constructor(filter: LogFilter, known: readonly string[], clock: Clock) {
    this.#clock = clock;
    this.#first = filter;
    this.#all = newSetting(filter.level);
    for (const module of known) this.#modules.set(module, newSetting(filter.modules.get(module)));
    this.#apply();
  }

  /** What a logger looks at before it writes. A module that code names is known from then on. */
  thresholdOf(module: string | undefined): Threshold {
    if (module === undefined) return this.#all.threshold;
    let setting = this.#modules.get(module);
    if (setting === undefined) {
      setting = newSetting(undefined);
      this.#modules.set(module, setting);
      this.#apply();
    }
    return setting.threshold;
  }

  /** Sets the level of a module or of `*`, for a time or for good. Raises LOG_MODULE_UNKNOWN, LOG_LIFETIME_INVALID. */
  set(module: string, level: LogLevel, { ttlMs }: SetLevelOptions = {}): void {
    const setting = this.#settingOf(module);
    if (ttlMs !== undefined && !(ttlMs >= MIN_TTL_MS && ttlMs <= MAX_TTL_MS)) {
      throw logError('LOG_LIFETIME_INVALID', { details: { ttl_ms: ttlMs, min_ms: MIN_TTL_MS, max_ms: MAX_TTL_MS } });
    }
    endPassing(setting);
    if (ttlMs === undefined) setting.lasting = level;
    else {
      const timer = this.#clock.setTimer(ttlMs, () => {
        setting.passing = undefined;
        this.#apply();
      });
      setting.passing = { level, expiresAt: this.#clock.now() + ttlMs, timer };
    }
    this.#apply();
  }

  /** Gives a module or `*` the level back that it started with. Raises LOG_MODULE_UNKNOWN. */
  reset(module: string): void {
    const setting = this.#settingOf(module);
    endPassing(setting);
    setting.lasting = module === ALL ? this.#first.level : this.#first.modules.get(module);
    this.#apply();
  }

  /** Takes another filter in the place of the one it started with. Levels that were set for a time stay for it. */
  configure(filter: LogFilter): void {
    this.#first = filter;
    this.#all.lasting = filter.level;
    for (const [module, setting] of this.#modules) setting.lasting = filter.modules.get(module);
    this.#apply();
  }

  /** `*` first, then the modules by name. */
  list(): readonly ModuleLevel[] {
    const names = [...this.#modules.keys()].toSorted();
    return [ALL, ...names].map((module) => {
      const setting = this.#settingOf(module);
      const own = ownLevel(setting);
      return {
        module,
        level: own ?? (ownLevel(this.#all) as LogLevel),
        isOwn: own !== undefined,
        expiresAt: setting.passing?.expiresAt ?? null,
      };
    });
  }

  /** Lets go of the timers. Idempotent. */
  close(): void {
    for (const setting of [this.#all, ...this.#modules.values()]) endPassing(setting);
  }

  #settingOf(module: string): Setting {
    const setting = module === ALL ? this.#all : this.#modules.get(module);
    if (setting !== undefined) return setting;
    const near = nearest(module, this.#modules.keys());
    throw logError('LOG_MODULE_UNKNOWN', {
      details: { module: module.slice(0, 100) },
      ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
    });
  }

  #apply(): void {
    const common = ownLevel(this.#all) as LogLevel;
    this.#all.threshold.least = LEVEL_NUMBERS[common];
    for (const setting of this.#modules.values()) {
      setting.threshold.least = LEVEL_NUMBERS[ownLevel(setting) ?? common];
    }
  }
}

function newSetting(level: LogLevel | undefined): Setting {
  return { threshold: { least: Infinity }, lasting: level, passing: undefined };
}

function ownLevel({ passing, lasting }: Setting): LogLevel | undefined {
  return passing?.level ?? lasting;
}

function endPassing(setting: Setting): void {
  setting.passing?.timer.cancel();
  setting.passing = undefined;
}
