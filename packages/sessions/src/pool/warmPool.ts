import { isDeepStrictEqual } from 'node:util';
import { type CreateSession, DEFAULTS } from '@roundhouse/api';
import { type Clock, isRoundhouseError, type Logger, type Scope } from '@roundhouse/core';
import type { Bulkhead } from '@roundhouse/resilience';
import type { EndpointGroup } from '@roundhouse/traffic';
import type { GroupProfile, WarmSettings } from '../endpoint/settings.ts';
import type { Events } from '../event/events.ts';
import { runNavigation } from '../navigation/run.ts';
import type { NavigationScript } from '../navigation/script.ts';
import type { SecretSource } from '../navigation/secret.ts';
import type { Connector } from '../session/connector.ts';
import type { Line } from '../session/line.ts';
import type { SessionTarget } from '../session/target.ts';
import { Pace } from './pace.ts';
import { ParkScreen } from './parkScreen.ts';
import { type Unfit, WarmLine, type WarmState } from './warmLine.ts';

/** Who waits for a place because a user asked goes before who fills a pool. */
const LAST = 9;
/** A line that does not stay ready for as long counts as one that could not be opened, ms. */
const LASTING_MS = 10_000;
/** Share of its age by which a line may be replaced earlier, so that those opened together do not go together. */
const AGE_SPREAD = 0.1;

/** What a pool is to hold. */
export interface PoolPlan {
  /** Id of the group. */
  readonly group: string;
  readonly settings: WarmSettings;
  /** What its sessions are like: the defaults of the group. */
  readonly profile: GroupProfile;
  readonly navigation: NavigationScript;
  readonly recycle: NavigationScript | undefined;
  readonly traffic: EndpointGroup<SessionTarget>;
  /** Shared with the failover of the group. */
  readonly turns: Bulkhead;
  /** How many lines may be on their way at a time, from 1. */
  readonly maxParallel: number;
}

export interface WarmPoolDependencies {
  readonly connector: Connector;
  readonly secrets: SecretSource;
  readonly events: Events;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  /** The life of the gateway, and of the lines. */
  readonly scope: Scope;
}

export interface WarmPoolStatus {
  readonly size: number;
  readonly ready: number;
  /** On the way to the park screen, for the first time or again. */
  readonly opening: number;
  readonly leased: number;
}

/**
 * Keeps sessions of a group ready on the screen where its navigation ends, in endpoints of the group itself. What is
 * given out is replaced at once; what comes back is taken again where there is still need for it, after its screen has
 * been seen to be the park screen, and closed otherwise.
 */
export class WarmPool {
  #plan: PoolPlan;
  readonly #deps: WarmPoolDependencies;
  readonly #park: ParkScreen;
  readonly #pace: Pace;
  /** Ends what is on its way; lines live in the scope of the gateway. */
  readonly #filling: Scope;
  /** All that are not closed. */
  readonly #lines = new Set<WarmLine>();
  /** Longest ready first. */
  readonly #ready = new Set<WarmLine>();
  readonly #counts: Record<WarmState, number> = { arriving: 0, ready: 0, leased: 0, closed: 0 };
  /** Attempts that have no line yet. */
  readonly #connecting = new Set<Scope>();
  /** Attempts that wait for a place on an endpoint, or are about to ask for one. */
  readonly #seeking = new Set<Scope>();
  #farewells = 0;
  /** Code of what goes wrong; undefined from the moment on that the pool is full. */
  #failure: string | undefined;
  #hasBeenFull = false;
  #closing: PromiseWithResolvers<void> | undefined;

  /** Opens nothing until `fill`. */
  constructor(plan: PoolPlan, deps: WarmPoolDependencies) {
    const { clock, random, scope } = deps;
    this.#plan = plan;
    this.#deps = deps;
    this.#park = new ParkScreen(plan.navigation);
    this.#filling = scope.child();
    this.#pace = new Pace({ clock, random, onResume: () => this.fill() });
  }

  get status(): WarmPoolStatus {
    const { ready, arriving, leased } = this.#counts;
    return { size: this.#plan.settings.size, ready, opening: this.#connecting.size + arriving, leased };
  }

  /** Opens what is missing, as many at a time as may be; the rest follows by itself. */
  fill(): void {
    if (this.#isClosing || this.#pace.isPaused) return;
    const parallel = this.#pace.isProven ? this.#plan.maxParallel : 1;
    while (this.#missing > 0 && this.status.opening < parallel) void this.#open();
  }

  /** Something has changed that gives hope: an endpoint is there, or well again. */
  retry(): void {
    this.#pace.stop();
    this.fill();
  }

  /**
   * Goes on under another plan of its group. False, with nothing changed, where sessions of the one plan are no good for
   * the other: these belong into another pool.
   */
  configure(plan: PoolPlan): boolean {
    if (this.#isClosing || !isDeepStrictEqual(natureOf(plan), natureOf(this.#plan))) return false;
    const { size, maxAgeMs } = this.#plan.settings;
    this.#plan = plan;
    if (plan.settings.size > size) this.#hasBeenFull = false;
    if (plan.settings.maxAgeMs !== maxAgeMs) for (const warm of this.#lines) warm.setMaxAge(plan.settings.maxAgeMs);
    this.#trim();
    this.#tellWhenFull();
    this.fill();
    return true;
  }

  /** A line that is ready, for a user whose life `life` is; undefined when there is none. */
  lease(life: Scope): Line | undefined {
    if (this.#isClosing) return undefined;
    for (const warm of this.#ready) {
      const line = warm.lend(life);
      if (line === undefined) continue;
      this.fill();
      return line;
    }
    return undefined;
  }

  /** Closes what is not given out, and that as it comes back; resolves when nothing is left. Idempotent. */
  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = Promise.withResolvers();
      this.#filling.end();
      this.#pace.stop();
      for (const warm of this.#lines) if (warm.state !== 'leased') this.#drop(warm);
      this.#finishClosing();
    }
    return this.#closing.promise;
  }

  get #isClosing(): boolean {
    return this.#closing !== undefined || this.#filling.signal.aborted;
  }

  get #missing(): number {
    const { size, ready, opening } = this.status;
    return size - ready - opening;
  }

  async #open(): Promise<void> {
    const { navigation, turns } = this.#plan;
    using attempt = this.#filling.child();
    this.#connecting.add(attempt);
    try {
      await turns.run(async () => this.#arrive(await this.#connect(attempt), navigation), attempt);
      this.#pace.succeeded();
    } catch (error) {
      // One that is not needed any more was ended, which is no failure.
      if (!attempt.signal.aborted) this.#failed(error);
    } finally {
      this.#connecting.delete(attempt);
    }
    this.fill();
    this.#finishClosing();
  }

  async #connect(attempt: Scope): Promise<WarmLine> {
    const { profile, traffic } = this.#plan;
    const { connector, scope } = this.#deps;
    this.#seeking.add(attempt);
    try {
      const line = await connector.connect(
        {
          profile,
          destination: { kind: 'group', groups: [traffic], priorityClass: LAST },
          until: 'screen',
          timeoutMs: DEFAULTS.createTimeoutMs,
          onPlaced: () => this.#seeking.delete(attempt),
        },
        scope,
        attempt,
      );
      this.#connecting.delete(attempt);
      return this.#admit(line);
    } finally {
      this.#seeking.delete(attempt);
    }
  }

  #admit(line: Line): WarmLine {
    const { group, settings } = this.#plan;
    const { clock, random } = this.#deps;
    const warm = new WarmLine(line, {
      group,
      park: this.#park,
      clock,
      maxAgeMs: settings.maxAgeMs,
      ageShare: 1 - AGE_SPREAD * random(),
      onMove: (moved, from, to) => this.#moved(moved, from, to),
      onUnfit: (unfit, why) => this.#replace(unfit, why),
      onReturned: (returned) => this.#takeBack(returned),
    });
    this.#lines.add(warm);
    this.#counts.arriving++;
    return warm;
  }

  /** Leads a line to the park screen, or closes it. */
  async #arrive(warm: WarmLine, script: NavigationScript): Promise<void> {
    const { secrets } = this.#deps;
    try {
      await runNavigation(warm.session, script, { secrets, scope: this.#filling });
      const isNeeded = this.#missing >= 0 && (warm.uses === 0 || !this.#isAwaited());
      if (!isNeeded) return this.#drop(warm);
      warm.park();
    } catch (error) {
      this.#drop(warm);
      throw error;
    }
    this.#tellWhenFull();
  }

  /** Gives up what is more than enough: attempts first, then what has been ready for longest. */
  #trim(): void {
    let excess = -this.#missing;
    for (const attempt of this.#connecting) if (excess-- > 0) attempt.end();
    const tooMany = this.#counts.ready - this.#plan.settings.size;
    if (tooMany > 0) for (const warm of [...this.#ready].slice(0, tooMany)) this.#drop(warm);
  }

  #takeBack(warm: WarmLine): void {
    const { recycle, settings } = this.#plan;
    const isUsable = warm.isKept && !warm.session.keyboardLocked && warm.uses < settings.maxUses;
    const isNeeded = !this.#isClosing && this.#missing > 0 && !this.#isAwaited();
    if (recycle === undefined || !isUsable || !isNeeded) {
      this.#drop(warm);
      this.fill();
      return;
    }
    warm.depart();
    void this.#recycle(warm, recycle);
  }

  async #recycle(warm: WarmLine, script: NavigationScript): Promise<void> {
    try {
      await this.#arrive(warm, script);
    } catch (error) {
      this.#deps.log.debug('warm session not recycled', { group: this.#plan.group, code: codeOf(error) });
    }
    this.fill();
    this.#finishClosing();
  }

  /** Whether somebody else waits for the place of a line: no endpoint has another. */
  #isAwaited(): boolean {
    const { waiting, endpoints } = this.#plan.traffic.view();
    const hasRoom = endpoints.some(
      ({ exclusion, limits, active }) => exclusion === 'none' && active < (limits['sessions'] ?? Infinity),
    );
    return !hasRoom && waiting > this.#seeking.size;
  }

  #replace(warm: WarmLine, { fault }: Unfit): void {
    const hasLasted = warm.readyForMs >= LASTING_MS;
    this.#drop(warm);
    if (fault !== undefined && !hasLasted) this.#failed(fault);
    this.fill();
  }

  /** Nothing is left of a line but its goodbye. */
  #drop(warm: WarmLine): void {
    this.#farewells++;
    void warm.close().finally(() => {
      this.#farewells--;
      this.#finishClosing();
    });
  }

  #moved(warm: WarmLine, from: WarmState, to: WarmState): void {
    this.#counts[from]--;
    this.#counts[to]++;
    if (to === 'ready') this.#ready.add(warm);
    else this.#ready.delete(warm);
    if (to === 'closed') {
      this.#lines.delete(warm);
      this.#finishClosing();
    }
  }

  #failed(error: unknown): void {
    if (this.#isClosing) return;
    const code = codeOf(error);
    const { group } = this.#plan;
    this.#deps.log.warn('warm session not ready', { group, code });
    this.#pace.failed();
    if (code === this.#failure) return;
    this.#failure = code;
    this.#deps.events.publish('pool.failing', group, { code, ...this.status });
  }

  #tellWhenFull(): void {
    if (this.#counts.ready < this.#plan.settings.size) return;
    if (this.#hasBeenFull && this.#failure === undefined) return;
    this.#hasBeenFull = true;
    this.#failure = undefined;
    this.#deps.events.publish('pool.filled', this.#plan.group, { ...this.status });
  }

  #finishClosing(): void {
    if (this.#lines.size + this.#connecting.size + this.#farewells === 0) this.#closing?.resolve();
  }
}

/**
 * Whether a ready session serves a request as well as one that is opened for it: it asks for nothing but what the group
 * gives. `affinity_key` does not count: what is ready stands where it stands.
 */
export function isServedWarm(request: CreateSession, defaults: GroupProfile): boolean {
  const { endpoint, tls, start_tls, compat, oversize, user, device_name, application_id } = request;
  const particular = [endpoint, tls, start_tls, compat, oversize, user, device_name, application_id];
  return (
    particular.every((each) => each === undefined || each === null) &&
    (['model', 'code_page', 'lu'] as const).every(
      (key) => request[key] === undefined || (request[key] ?? undefined) === defaults[key],
    )
  );
}

/** What decides where sessions of a plan stand, and what they are like. */
function natureOf({ profile, navigation, recycle }: PoolPlan) {
  return { profile, navigation, recycle };
}

function codeOf(error: unknown): string {
  return isRoundhouseError(error) ? error.code : 'INTERNAL';
}
