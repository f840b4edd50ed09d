import type { ApiKeyRecord, PrincipalInput } from '@roundhouse/api';
import { canonicalCertificateName } from './certificateName.ts';
import { LruMap } from './lruMap.ts';

/**
 * Who may call, in memory. A record is the same immutable object until it changes, and another one afterwards: what is
 * remembered of a principal is good as long as its record is the same.
 */
export interface Directory {
  findPrincipal(id: string): PrincipalInput | undefined;
  /** By a certificate name in its canonical spelling; undefined too when several principals claim it. */
  findByCertificate(name: string): PrincipalInput | undefined;
  findKey(id: string): ApiKeyRecord | undefined;
  /** A key that was there, so that its holder is told so; not remembered for ever. */
  findRevokedKey(id: string): ApiKeyRecord | undefined;
}

const MAX_REVOKED_KEYS = 1_000;

/** A directory that is fed with the records of the store. */
export class MemoryDirectory implements Directory {
  readonly #principals = new Map<string, PrincipalInput>();
  readonly #keys = new Map<string, ApiKeyRecord>();
  readonly #revokedKeys = new LruMap<string, ApiKeyRecord>(MAX_REVOKED_KEYS);
  /** Ids of principals. */
  readonly #byCertificate = new Map<string, Set<string>>();

  findPrincipal(id: string): PrincipalInput | undefined {
    return this.#principals.get(id);
  }

  findByCertificate(name: string): PrincipalInput | undefined {
    const [id, ...others] = this.#byCertificate.get(name) ?? [];
    return id === undefined || others.length > 0 ? undefined : this.#principals.get(id);
  }

  findKey(id: string): ApiKeyRecord | undefined {
    return this.#keys.get(id);
  }

  findRevokedKey(id: string): ApiKeyRecord | undefined {
    return this.#revokedKeys.get(id);
  }

  /** Adds it, or replaces that of its id. The record is kept, not copied. */
  putPrincipal(record: PrincipalInput): void {
    this.deletePrincipal(record.id);
    this.#principals.set(record.id, record);
    for (const name of certificateNamesOf(record)) {
      const ids = this.#byCertificate.get(name) ?? new Set();
      this.#byCertificate.set(name, ids.add(record.id));
    }
  }

  deletePrincipal(id: string): void {
    const record = this.#principals.get(id);
    if (record === undefined) return;
    this.#principals.delete(id);
    for (const name of certificateNamesOf(record)) {
      const ids = this.#byCertificate.get(name);
      ids?.delete(id);
      if (ids?.size === 0) this.#byCertificate.delete(name);
    }
  }

  /** Adds it, or replaces that of its id. The record is kept, not copied. */
  putKey(record: ApiKeyRecord): void {
    this.#keys.set(record.id, record);
    this.#revokedKeys.delete(record.id);
  }

  deleteKey(id: string): void {
    const record = this.#keys.get(id);
    if (record === undefined) return;
    this.#keys.delete(id);
    this.#revokedKeys.set(id, record);
  }
}

function certificateNamesOf({ certificates = [] }: PrincipalInput): string[] {
  return certificates.map(canonicalCertificateName);
}
