import type { REASON } from '../telnet/tn3270e.ts';
import { hostError } from './errors.ts';

/** Why a device request is refused. RFC 2355 §7.1.6. */
export type LuRefusal = keyof typeof REASON;

export interface LuOptions {
  /** Terminal LUs that are given only to who asks for them by name. */
  readonly names?: readonly string[];
  /** Pools: a request for the pool's name gets its first free LU. The LUs of a pool may be asked for by name too. */
  readonly pools?: Readonly<Record<string, readonly string[]>>;
  /** What a terminal gets that asks for nothing: an LU of a pool, or a name made up as it comes. Default prefix `TCP`. */
  readonly generic?: { readonly pool: string } | { readonly prefix: string; readonly limit?: number };
  /**
   * The printer LU that belongs to a terminal LU. Printer sessions are not served; the names stand here so that a
   * request for one is refused for the right reason.
   */
  readonly partners?: Readonly<Record<string, string>>;
}

export interface LuRequest {
  readonly device: 'display' | 'printer';
  readonly connect?: string;
  readonly associate?: string;
}

export type LuDecision =
  | { readonly granted: true; readonly lu: string }
  | { readonly granted: false; readonly refusal: LuRefusal };

/** Who decides which terminal gets which LU. */
export interface LuAllocator {
  /** LUs in use. */
  readonly held: readonly string[];
  /** Takes an LU, or says why not. Whoever takes one releases it. */
  acquire(request: LuRequest): LuDecision;
  /** Idempotent. */
  release(lu: string): void;
}

/** LU and pool names: 1 to 8 characters. RFC 2355 §7.1.1; the character set is VTAM's. */
const LU_NAME = /^[A-Z0-9@#$]{1,8}$/;
const DEFAULT_GENERIC = { prefix: 'TCP', limit: 9999 } as const;
const LU_NAME_MAX = 8;

/** The LUs of a host and who holds them: one session an LU. Names are compared without case. */
export class LuTable implements LuAllocator {
  readonly #known = new Set<string>();
  readonly #pools = new Map<string, readonly string[]>();
  readonly #printers = new Set<string>();
  readonly #generic: { readonly pool: string } | { readonly prefix: string; readonly limit: number };
  readonly #held = new Set<string>();

  /** Raises LU_TABLE_INVALID. */
  constructor(options: LuOptions = {}) {
    for (const name of options.names ?? []) this.#know(name);
    for (const [pool, members] of Object.entries(options.pools ?? {})) {
      const name = checked(pool);
      if (this.#known.has(name) || this.#pools.has(name)) throw invalid(`${name} stands twice`);
      this.#pools.set(
        name,
        members.map((member) => this.#know(member)),
      );
    }
    for (const pool of this.#pools.keys()) if (this.#known.has(pool)) throw invalid(`${pool} stands twice`);
    for (const [terminal, printer] of Object.entries(options.partners ?? {})) {
      if (!this.#known.has(checked(terminal))) throw invalid(`the partner of ${terminal} has no such terminal`);
      this.#printers.add(checked(printer));
    }
    this.#generic = this.#resolveGeneric(options.generic ?? DEFAULT_GENERIC);
  }

  /** LUs in use, in the order they were taken. */
  get held(): readonly string[] {
    return [...this.#held];
  }

  /** Takes an LU, or says why not. Whoever takes one releases it. */
  acquire(request: LuRequest): LuDecision {
    const { device, associate } = request;
    if (associate !== undefined) return refused(device === 'printer' ? 'UNSUPPORTED_REQ' : 'INV_ASSOCIATE');
    if (request.connect === undefined) return device === 'printer' ? refused('INV_DEVICE_TYPE') : this.#takeGeneric();
    const name = request.connect.toUpperCase();
    if (!LU_NAME.test(name)) return refused('INV_NAME');
    if (this.#printers.has(name)) return refused(device === 'printer' ? 'CONN_PARTNER' : 'TYPE_NAME_ERROR');
    const candidates = this.#known.has(name) ? [name] : this.#pools.get(name);
    if (candidates === undefined) {
      return refused(this.#known.size === 0 ? 'UNSUPPORTED_REQ' : 'INV_NAME');
    }
    if (device === 'printer') return refused('TYPE_NAME_ERROR');
    return this.#takeFirst(candidates);
  }

  /** Idempotent. */
  release(lu: string): void {
    this.#held.delete(lu);
  }

  #takeGeneric(): LuDecision {
    const generic = this.#generic;
    if ('pool' in generic) return this.#takeFirst(this.#pools.get(generic.pool) ?? []);
    const digits = String(generic.limit).length;
    for (let number = 1; number <= generic.limit; number++) {
      const lu = `${generic.prefix}${String(number).padStart(digits, '0')}`;
      if (!this.#held.has(lu) && !this.#known.has(lu)) return this.#take(lu);
    }
    return refused('DEVICE_IN_USE');
  }

  #takeFirst(candidates: readonly string[]): LuDecision {
    const free = candidates.find((lu) => !this.#held.has(lu));
    return free === undefined ? refused('DEVICE_IN_USE') : this.#take(free);
  }

  #take(lu: string): LuDecision {
    this.#held.add(lu);
    return { granted: true, lu };
  }

  #know(name: string): string {
    const lu = checked(name);
    if (this.#known.has(lu)) throw invalid(`${lu} stands twice`);
    this.#known.add(lu);
    return lu;
  }

  #resolveGeneric(generic: NonNullable<LuOptions['generic']>): { pool: string } | { prefix: string; limit: number } {
    if ('pool' in generic) {
      const pool = checked(generic.pool);
      if (!this.#pools.has(pool)) throw invalid(`the generic pool ${pool} is not among the pools`);
      return { pool };
    }
    const limit = generic.limit ?? DEFAULT_GENERIC.limit;
    const longest = `${generic.prefix}${limit}`;
    if (!Number.isInteger(limit) || limit < 1 || longest.length > LU_NAME_MAX) {
      throw invalid(`generic names from ${generic.prefix} to ${longest} do not fit ${LU_NAME_MAX} characters`);
    }
    return { prefix: checked(generic.prefix), limit };
  }
}

function checked(name: string): string {
  const upper = name.toUpperCase();
  if (!LU_NAME.test(upper)) throw invalid(`${name} is no LU name`);
  return upper;
}

function refused(refusal: LuRefusal): LuDecision {
  return { granted: false, refusal };
}

function invalid(reason: string): Error {
  return hostError('LU_TABLE_INVALID', { details: { reason } });
}
