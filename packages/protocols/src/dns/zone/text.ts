import { formatData } from '../message/dataText.ts';
import { formatName, parseName } from '../message/name.ts';
import { typeName } from '../message/types.ts';
import { ZoneParser } from './parse.ts';
import type { ZoneFault, ZoneRecord } from './record.ts';
import { Zone } from './zone.ts';

export interface ZoneTextOptions {
  readonly origin: string;
  /** Name of the file, for messages. Default `zone`. */
  readonly file?: string;
  /** Gives the text of a file that `$INCLUDE` names, or throws. Without it the directive is refused. */
  readonly include?: (path: string) => string;
  /** Default 10,000,000. */
  readonly maxRecords?: number;
}

const MAX_RECORDS = 10_000_000;
/** Beyond these a file is not a zone file, and reading it to its end would only fill memory. */
const MAX_FAULTS = 1_000;

/** Reads the text of a zone file at once. Raises DNS_ZONE_INVALID, which lists each fault with its place. */
export function parseZone(text: string, options: ZoneTextOptions): Zone {
  const reading = readZone(text, options);
  for (;;) {
    const step = reading.next();
    if (step.done === true) return step.value;
  }
}

/** As `parseZone`, a step at a time. */
export function* readZone(text: string, options: ZoneTextOptions): Generator<undefined, Zone, undefined> {
  const origin = parseName(options.origin);
  const records: ZoneRecord[] = [];
  const faults: ZoneFault[] = [];
  const parser = new ZoneParser({
    origin,
    file: options.file ?? 'zone',
    include: options.include,
    maxRecords: options.maxRecords ?? MAX_RECORDS,
    onRecord: (record) => records.push(record),
    onFault: (fault) => {
      if (faults.length < MAX_FAULTS) faults.push(fault);
    },
  });
  yield* parser.read(text);
  return new Zone(origin, records, faults);
}

/** The text of a zone file, names whole: what `parseZone` makes the same zone of. */
export function formatZone(zone: Zone): string {
  return `${Array.from(zone.zoneRecords(), formatRecord).join('\n')}\n`;
}

function formatRecord({ owner, ttl, type, data }: ZoneRecord): string {
  return `${formatName(owner)} ${ttl} IN ${typeName(type)} ${formatData(type, data)}`;
}
