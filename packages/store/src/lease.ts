import type { Lease } from './store.ts';

/** A lease as it is kept, also when nobody holds it: so that tokens go on growing. */
export type LeaseRow = Omit<Lease, 'holder'> & { readonly holder: string | null };

export interface LeaseRequest {
  readonly name: string;
  readonly holder: string;
  readonly ttlMs: number;
  readonly now: number;
}

/** Who holds the lease from now on, or undefined when another does already. */
export function grant(kept: LeaseRow | undefined, { name, holder, ttlMs, now }: LeaseRequest): Lease | undefined {
  const expiresAt = now + ttlMs;
  if (kept?.holder === holder) return { name, holder, token: kept.token, expiresAt };
  if (kept !== undefined && kept.holder !== null && kept.expiresAt > now) return undefined;
  return { name, holder, token: (kept?.token ?? 0) + 1, expiresAt };
}
