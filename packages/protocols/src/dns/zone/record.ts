import type { WireName } from '../message/name.ts';

/** Where something stands in a zone file; counted from 1. */
export interface ZonePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A record of a zone: its class is that of the Internet. */
export interface ZoneRecord {
  /** As it was written, in its own case. */
  readonly owner: WireName;
  readonly type: number;
  readonly ttl: number;
  /** As on the wire, names whole. */
  readonly data: Uint8Array;
  /** Absent for one that comes from no file. */
  readonly place?: ZonePlace;
}

/** What is wrong with a zone, and where. */
export interface ZoneFault {
  /** Null for one that no line is to blame for, e.g. that there is no SOA. */
  readonly place: ZonePlace | null;
  readonly reason: string;
}

export function formatPlace(place: ZonePlace | null): string {
  return place === null ? 'the whole of it' : `${place.file}:${place.line}:${place.column}`;
}
