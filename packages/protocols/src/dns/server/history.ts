import { setImmediate } from 'node:timers/promises';
import type { WireName } from '../message/name.ts';
import { differenceOf, type ZoneDifference } from '../zone/difference.ts';
import type { Zone } from '../zone/zone.ts';

/** Versions of a zone that a secondary may be behind and still be told only what has changed. */
const MAX_VERSIONS = 16;

/** Serials are compared around the end of their range: RFC 1982 §3.2. */
export function isNewer(serial: number, than: number): boolean {
  const ahead = (serial - than) >>> 0;
  return ahead !== 0 && ahead < 0x8000_0000;
}

/** What changed from version to version, for IXFR. */
export class ZoneHistory {
  readonly #chains = new Map<WireName, readonly ZoneDifference[]>();

  /** Compares the versions, and gives way to others meanwhile. Records it unless the zone was forgotten since. */
  async record(before: Zone, after: Zone): Promise<void> {
    const { wireOrigin } = after;
    const chain = this.#chains.get(wireOrigin) ?? [];
    this.#chains.set(wireOrigin, chain);
    const comparing = differenceOf(before, after);
    for (;;) {
      const step = comparing.next();
      if (step.done !== true) {
        await setImmediate();
        continue;
      }
      if (this.#chains.get(wireOrigin) !== chain) return;
      const { removed, added } = step.value;
      // Beyond this the whole zone is shorter.
      const isWorthIt = removed.length + added.length < after.records;
      const next = isWorthIt ? [...chain, step.value].slice(-MAX_VERSIONS) : [];
      this.#chains.set(wireOrigin, next);
      return;
    }
  }

  forget(origin: WireName): void {
    this.#chains.delete(origin);
  }

  /** What leads from a serial to the present one; undefined when it is not known any more. */
  since(zone: Zone, serial: number): readonly ZoneDifference[] | undefined {
    const chain = this.#chains.get(zone.wireOrigin) ?? [];
    const at = chain.findIndex(({ from }) => from === serial);
    if (at === -1 || chain.at(-1)?.to !== zone.serial) return undefined;
    const part = chain.slice(at);
    const size = part.reduce((sum, { removed, added }) => sum + removed.length + added.length + 2, 0);
    return size < zone.records ? part : undefined;
  }
}
