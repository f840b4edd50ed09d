import { CLASSES } from '../message/codes.ts';
import { FLAGS, HEADER_BYTES } from '../message/message.ts';
import { MessageWriter } from '../message/writer.ts';
import { soaOf, type ZoneDifference } from '../zone/difference.ts';
import type { ZoneRecord } from '../zone/record.ts';
import type { Zone } from '../zone/zone.ts';
import { OPT_BYTES, writeOpt } from './sections.ts';

/** A message of a transfer; small enough that the offsets of names can be pointed to (RFC 5936 §3.4). */
const TRANSFER_MESSAGE_BYTES = 16_384;
/** The largest record has to fit as well. */
const MAX_RECORD_BYTES = 65_535;

/** What the messages of a transfer have from its query. */
export interface TransferQuery {
  /** The query up to the end of its question. */
  readonly question: Uint8Array;
  readonly hasEdns: boolean;
  readonly udpBytes: number;
}

/** The records of AXFR (RFC 5936 §2.2): the SOA, all others, the SOA again. */
export function* wholeZone(zone: Zone): Generator<ZoneRecord> {
  yield* zone.zoneRecords();
  yield soaOf(zone);
}

/** The records of IXFR (RFC 1995 §4): between two of the present SOA, what went and what came, version by version. */
export function* changesOf(zone: Zone, differences: readonly ZoneDifference[]): Generator<ZoneRecord> {
  const soa = soaOf(zone);
  yield soa;
  for (const { oldSoa, removed, newSoa, added } of differences) {
    yield oldSoa;
    yield* removed;
    yield newSoa;
    yield* added;
  }
  yield soa;
}

/** Puts records into messages. The question stands in each, which RFC 5936 §2.2.1 allows. */
export function* transferMessages(records: Iterable<ZoneRecord>, query: TransferQuery): Generator<Uint8Array> {
  const writer = new MessageWriter(MAX_RECORD_BYTES);
  let count = 0;
  const begin = (): void => {
    writer.reset(MAX_RECORD_BYTES - OPT_BYTES);
    writer.raw(query.question);
    writer.addTargets(HEADER_BYTES);
    count = 0;
  };
  const finish = (): Uint8Array => {
    if (query.hasEdns) {
      writer.setLimit(MAX_RECORD_BYTES);
      writeOpt(0, query.udpBytes, false, writer);
    }
    writer.patch16(2, FLAGS.response | FLAGS.authoritative);
    writer.patch16(4, 1);
    writer.patch16(6, count);
    writer.patch16(8, 0);
    writer.patch16(10, query.hasEdns ? 1 : 0);
    return writer.copy();
  };
  begin();
  for (const record of records) {
    const mark = writer.mark();
    writeRecord(record, writer);
    if (count > 0 && (writer.isFull || writer.offset > TRANSFER_MESSAGE_BYTES)) {
      writer.back(mark);
      yield finish();
      begin();
      writeRecord(record, writer);
    }
    count += 1;
  }
  yield finish();
}

function writeRecord({ owner, type, ttl, data }: ZoneRecord, writer: MessageWriter): void {
  writer.compressedName(owner);
  writer.u16(type);
  writer.u16(CLASSES.IN);
  writer.u32(ttl);
  writer.u16(data.byteLength);
  writer.raw(data);
}
