import { parentOf, ROOT, type WireName } from '../message/name.ts';
import { RECORD_TYPES } from '../message/types.ts';
import type { Zone } from '../zone/zone.ts';

/** The zones that are served, by their origin. */
export class ZoneTable {
  readonly #zones = new Map<WireName, Zone>();

  get size(): number {
    return this.#zones.size;
  }

  [Symbol.iterator](): Iterator<Zone> {
    return this.#zones.values();
  }

  get(origin: WireName): Zone | undefined {
    return this.#zones.get(origin);
  }

  set(zone: Zone): void {
    this.#zones.set(zone.wireOrigin, zone);
  }

  delete(origin: WireName): boolean {
    return this.#zones.delete(origin);
  }

  /** The zone that answers for a name: the longest that it lies in. DS is asked for above the cut (RFC 4035 §3.1.4.1). */
  find(key: WireName, type: number): Zone | undefined {
    const isDs = type === RECORD_TYPES.DS.code && key !== ROOT;
    if (isDs) {
      const above = this.#longest(parentOf(key));
      if (above !== undefined) return above;
    }
    return this.#longest(key);
  }

  #longest(key: WireName): Zone | undefined {
    for (let name = key; ; name = parentOf(name)) {
      const zone = this.#zones.get(name);
      if (zone !== undefined || name === ROOT) return zone;
    }
  }
}
