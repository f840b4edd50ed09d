import { formatData } from '../message/dataText.ts';
import { canonicalName, formatName, isWithin, parentOf, type WireName } from '../message/name.ts';
import { WireReader } from '../message/reader.ts';
import { RECORD_TYPES, typeName } from '../message/types.ts';
import type { ZoneFault, ZoneRecord } from './record.ts';

const { A, AAAA, CNAME, DNAME, DS, MX, NS, SOA, SRV } = RECORD_TYPES;
/** Each node says in one byte how many sets it has, each set in two how many records. */
const MAX_TYPES = 255;
const MAX_SET = 65_535;
/** May stand beside CNAME: RFC 4035 §2.5. */
const BESIDE_CNAME = new Set<number>([RECORD_TYPES.RRSIG.code, RECORD_TYPES.NSEC.code]);

export interface ZoneFindings {
  /** The zone cannot be served with these. */
  readonly faults: readonly ZoneFault[];
  /** It can, but hardly is what was meant. */
  readonly warnings: readonly ZoneFault[];
}

/** What each name has, by type. */
type Index = ReadonlyMap<WireName, ReadonlyMap<number, readonly ZoneRecord[]>>;

/** Checks that records make a zone: RFC 1034 §4.2.1, RFC 1035 §5.2, RFC 2181 §5.2 and §10. */
export function checkZone(origin: WireName, records: readonly ZoneRecord[]): ZoneFindings {
  const faults: ZoneFault[] = [];
  const warnings: ZoneFault[] = [];
  const fault = (record: ZoneRecord | undefined, reason: string): void => {
    faults.push({ place: record?.place ?? null, reason });
  };
  const index = indexOf(origin, records, fault);
  const apex = index.get(origin);
  checkApex(apex, fault);
  for (const [name, types] of index) {
    if (name !== origin)
      for (const soa of types.get(SOA.code) ?? []) fault(soa, 'SOA stands below the top of the zone');
    checkCname(types, fault);
    if (types.size > MAX_TYPES) fault([...types.values()][0]?.[0], `a name has more than ${MAX_TYPES} types`);
    for (const [type, set] of types) {
      if (set.length > MAX_SET) fault(set[0], `a set has more than ${MAX_SET} records`);
      const other = set.find(({ ttl }) => ttl !== set[0]?.ttl);
      if (other !== undefined) {
        const reason = `the records of ${formatName(name)} ${typeName(type)} have several TTLs; that of the first counts`;
        warnings.push({ place: other.place ?? null, reason });
      }
    }
  }
  for (const record of records) checkTarget(record, origin, index, fault, warnings);
  return { faults, warnings };
}

type Fault = (record: ZoneRecord | undefined, reason: string) => void;

function indexOf(origin: WireName, records: readonly ZoneRecord[], fault: Fault): Index {
  const index = new Map<WireName, Map<number, ZoneRecord[]>>();
  for (const record of records) {
    const name = canonicalName(record.owner);
    if (!isWithin(name, origin)) {
      fault(record, `${formatName(record.owner)} is outside of the zone ${formatName(origin)}`);
      continue;
    }
    if (record.type === DNAME.code) fault(record, 'DNAME is not supported');
    let types = index.get(name);
    if (types === undefined) index.set(name, (types = new Map()));
    const set = types.get(record.type);
    if (set === undefined) types.set(record.type, [record]);
    else set.push(record);
  }
  return index;
}

function checkApex(apex: ReadonlyMap<number, readonly ZoneRecord[]> | undefined, fault: Fault): void {
  const soas = apex?.get(SOA.code) ?? [];
  if (soas.length === 0) fault(undefined, 'it has no SOA');
  if (soas.length > 1) fault(soas[1], 'it has a second SOA');
  if (apex?.get(NS.code) === undefined) fault(soas[0], 'it has no NS at its top');
}

/** RFC 1034 §3.6.2, RFC 2181 §10.1. */
function checkCname(types: ReadonlyMap<number, readonly ZoneRecord[]>, fault: Fault): void {
  const cnames = types.get(CNAME.code);
  if (cnames === undefined) return;
  const others = cnames.filter(
    ({ data }) => formatData(CNAME.code, data) !== formatData(CNAME.code, (cnames[0] as ZoneRecord).data),
  );
  if (others.length > 0) fault(others[0], 'a name has two CNAMEs');
  for (const [type, [first]] of types) {
    if (type === CNAME.code || BESIDE_CNAME.has(type)) continue;
    fault(cnames[0], `CNAME stands beside ${typeName(type)}${first?.place ? ` of line ${first.place.line}` : ''}`);
  }
}

/** Names that records lead to: servers within the zone have addresses, and none of them is a CNAME (RFC 2181 §10.3). */
function checkTarget(record: ZoneRecord, origin: WireName, index: Index, fault: Fault, warnings: ZoneFault[]): void {
  const { type } = record;
  if (type === DS.code && canonicalName(record.owner) === origin) fault(record, 'DS belongs to the zone above');
  if (type !== NS.code && type !== MX.code && type !== SRV.code) return;
  const target = targetOf(record);
  if (!isWithin(target, origin)) return;
  const there = index.get(target);
  const type_ = typeName(type);
  if (there?.has(CNAME.code)) {
    if (type === NS.code) fault(record, `NS leads to ${formatName(target)}, which is a CNAME`);
    else
      warnings.push({
        place: record.place ?? null,
        reason: `${type_} leads to ${formatName(target)}, which is a CNAME`,
      });
    return;
  }
  if (there?.has(A.code) || there?.has(AAAA.code)) return;
  if (type === NS.code && isNeededHere(target, canonicalName(record.owner), origin, index)) {
    fault(record, `NS leads to ${formatName(target)}, which has no address here`);
  } else if (type !== NS.code && there === undefined && !isDelegated(target, origin, index) && target !== '\0') {
    warnings.push({
      place: record.place ?? null,
      reason: `${type_} leads to ${formatName(target)}, which is not there`,
    });
  }
}

/** Whether this zone must have the address: it is its own, or only the delegated server could tell (RFC 1034 §4.2.1). */
function isNeededHere(target: WireName, owner: WireName, origin: WireName, index: Index): boolean {
  if (!isDelegated(target, origin, index)) return true;
  return owner !== origin && isWithin(target, owner);
}

function isDelegated(name: WireName, origin: WireName, index: Index): boolean {
  for (let at = name; at !== origin; at = parentOf(at)) if (index.get(at)?.has(NS.code)) return true;
  return false;
}

/** The name that NS, MX or SRV lead to, which is the last of their fields. */
function targetOf({ type, data }: Pick<ZoneRecord, 'type' | 'data'>): WireName {
  const reader = new WireReader(data, false);
  reader.offset = type === MX.code ? 2 : type === SRV.code ? 6 : 0;
  return canonicalName(reader.name());
}
