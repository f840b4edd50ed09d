import { dnsError } from '../errors.ts';
import { encodeData, decodeData } from '../message/data.ts';
import { MAX_MESSAGE_BYTES, type ResourceRecord } from '../message/message.ts';
import { canonicalName, formatName, parseName, type WireName } from '../message/name.ts';
import { WireReader } from '../message/reader.ts';
import { RECORD_TYPES, typeCode } from '../message/types.ts';
import { MessageWriter } from '../message/writer.ts';
import { checkZone } from './check.ts';
import { dataOfSet, findSet, layOut, ownerAt, type RecordSet, setsOfNode, type ZoneLayout } from './layout.ts';
import { formatPlace, type ZoneFault, type ZoneRecord } from './record.ts';

/** Faults that an error lists. */
const MAX_LISTED = 100;

/** The records of one zone, checked, in the form that they are served from. It never changes: another takes its place. */
export class Zone {
  /** With the dot of the root at its end. */
  readonly origin: string;
  /** Names that have records, or lead to one that has. */
  readonly names: number;
  readonly records: number;
  readonly serial: number;
  /** TTL of an answer that there is nothing, seconds. RFC 2308 §5. */
  readonly negativeTtl: number;
  /** What is hardly meant so, with its place. */
  readonly warnings: readonly ZoneFault[];
  /** For the server: not part of the contract. */
  readonly wireOrigin: WireName;
  readonly layout: ZoneLayout;

  /** Raises DNS_ZONE_INVALID, whose details list every fault. */
  constructor(origin: WireName, records: readonly ZoneRecord[], earlier: readonly ZoneFault[] = []) {
    this.wireOrigin = canonicalName(origin);
    this.origin = formatName(this.wireOrigin);
    const { faults, warnings } = checkZone(this.wireOrigin, records);
    // Where the text itself is wrong, what is missing may be in what could not be read.
    demandNoFaults(this.origin, earlier.length > 0 ? earlier : faults);
    this.warnings = warnings;
    this.layout = layOut(this.wireOrigin, records);
    this.names = this.layout.nodes.size;
    this.records = this.layout.records;
    const soa = this.#soa();
    this.serial = soa.serial;
    this.negativeTtl = soa.negativeTtl;
  }

  /** Every record: the SOA first, the rest in the order of the file, names in that of their first record. */
  *zoneRecords(): Generator<ZoneRecord> {
    const { layout, wireOrigin } = this;
    const soa = emptySet();
    const apex = layout.nodes.get(wireOrigin) as number;
    findSet(layout, apex, wireOrigin, RECORD_TYPES.SOA.code, soa);
    yield* recordsOf(layout, soa, ownerAt(layout, apex, wireOrigin));
    for (const [name, node] of layout.nodes) {
      const owner = ownerAt(layout, node, name);
      for (const set of setsOfNode(layout, node, name)) {
        if (set.type !== RECORD_TYPES.SOA.code) yield* recordsOf(layout, set, owner);
      }
    }
  }

  /** As `zoneRecords`, for people. */
  *[Symbol.iterator](): Generator<Required<ResourceRecord>> {
    for (const { owner, type, ttl, data } of this.zoneRecords()) {
      const reader = new WireReader(data, false);
      yield { name: formatName(owner), ttl, class: 1, data: decodeData(type, reader, data.byteLength) };
    }
  }

  #soa(): { serial: number; negativeTtl: number } {
    const set = emptySet();
    findSet(this.layout, this.layout.nodes.get(this.wireOrigin) as number, this.wireOrigin, RECORD_TYPES.SOA.code, set);
    const { bytes } = this.layout;
    // The last of the data are five numbers of four bytes.
    return {
      serial: bytes.readUInt32BE(set.end - 20),
      negativeTtl: Math.min(set.ttl, bytes.readUInt32BE(set.end - 4)),
    };
  }
}

export interface CreateZoneOptions {
  readonly origin: string;
  readonly records: Iterable<ResourceRecord>;
}

/** A zone of records that come from no file. Raises DNS_ZONE_INVALID, DNS_NAME_INVALID or DNS_DATA_INVALID. */
export function createZone({ origin, records }: CreateZoneOptions): Zone {
  const writer = new MessageWriter(MAX_MESSAGE_BYTES, false);
  const own = Array.from(records, ({ name, ttl, data }): ZoneRecord => {
    writer.reset(MAX_MESSAGE_BYTES);
    encodeData(data, writer);
    if (writer.isFull) throw dnsError('DNS_MESSAGE_TOO_LARGE', { details: { limit: MAX_MESSAGE_BYTES } });
    return { owner: parseName(name), ttl, type: typeCode(data.type) as number, data: writer.copy(2) };
  });
  return new Zone(parseName(origin), own);
}

export function emptySet(): RecordSet {
  return { type: 0, ttl: 0, count: 0, start: 0, end: 0 };
}

function* recordsOf(layout: ZoneLayout, set: RecordSet, owner: WireName): Generator<ZoneRecord> {
  for (const data of dataOfSet(layout, set)) yield { owner, type: set.type, ttl: set.ttl, data };
}

function demandNoFaults(zone: string, faults: readonly ZoneFault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  throw dnsError('DNS_ZONE_INVALID', {
    details: {
      zone,
      place: formatPlace(first.place),
      reason: first.reason,
      faults: faults.slice(0, MAX_LISTED).map(({ place, reason }) => `${formatPlace(place)}: ${reason}`),
      fault_count: faults.length,
    },
  });
}
