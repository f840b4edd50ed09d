import { OPT } from './codes.ts';
import { decodeData } from './data.ts';
import {
  type DecodedMessage,
  type Edns,
  type EdnsOption,
  FLAGS,
  HEADER_BYTES,
  type Question,
  type ResourceRecord,
} from './message.ts';
import { formatName, ROOT } from './name.ts';
import { WireReader } from './reader.ts';
import { questionTypeName } from './types.ts';

/** Shortest question and record: the root, and fields of fixed length. */
const MIN_QUESTION_BYTES = 5;
const MIN_RECORD_BYTES = 11;
/** RFC 2181 §8: the upper bit is zero; a TTL that has it counts as 0. */
const TTL_SIGN = 0x8000_0000;

/**
 * Reads a whole message: any bytes give a message or DNS_MESSAGE_INVALID with the place. Nothing of the bytes is kept.
 * A byte behind the end is a fault.
 */
export function decodeMessage(bytes: Uint8Array): DecodedMessage {
  const reader = new WireReader(bytes);
  if (bytes.byteLength < HEADER_BYTES) throw reader.invalid(`a header has ${HEADER_BYTES} bytes`);
  const id = reader.u16();
  const flags = reader.u16();
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const;
  const least = counts[0] * MIN_QUESTION_BYTES + (counts[1] + counts[2] + counts[3]) * MIN_RECORD_BYTES;
  if (least > reader.left) throw reader.invalid('it has fewer entries than its header says');
  const found: { edns?: Required<Edns>; extendedRcode: number } = { extendedRcode: 0 };
  const questions = Array.from({ length: counts[0] }, () => readQuestion(reader));
  const [answers, authorities, additionals] = [counts[1], counts[2], counts[3]].map((count, section) => {
    const records: Required<ResourceRecord>[] = [];
    for (let index = 0; index < count; index += 1) {
      const record = readRecord(reader, section === 2 ? found : undefined);
      if (record !== undefined) records.push(record);
    }
    return records;
  }) as [Required<ResourceRecord>[], Required<ResourceRecord>[], Required<ResourceRecord>[]];
  if (reader.left > 0) throw reader.invalid('bytes are left behind its end');
  return {
    id,
    isResponse: (flags & FLAGS.response) !== 0,
    opcode: (flags >>> 11) & 0xf,
    isAuthoritative: (flags & FLAGS.authoritative) !== 0,
    isTruncated: (flags & FLAGS.truncated) !== 0,
    recursionDesired: (flags & FLAGS.recursionDesired) !== 0,
    recursionAvailable: (flags & FLAGS.recursionAvailable) !== 0,
    authenticData: (flags & FLAGS.authenticData) !== 0,
    checkingDisabled: (flags & FLAGS.checkingDisabled) !== 0,
    rcode: (found.extendedRcode << 4) | (flags & 0xf),
    questions,
    answers,
    authorities,
    additionals,
    edns: found.edns ?? null,
  };
}

function readQuestion(reader: WireReader): Required<Question> {
  return { name: formatName(reader.name()), type: questionTypeName(reader.u16()), class: reader.u16() };
}

/** Undefined for OPT, which goes to `found`; it belongs to the additional section alone. */
function readRecord(
  reader: WireReader,
  found: { edns?: Required<Edns>; extendedRcode: number } | undefined,
): Required<ResourceRecord> | undefined {
  const startedAt = reader.offset;
  const owner = reader.name();
  const code = reader.u16();
  const recordClass = reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  if (code !== OPT) {
    return {
      name: formatName(owner),
      class: recordClass,
      ttl: ttl >= TTL_SIGN ? 0 : ttl,
      data: decodeData(code, reader, length),
    };
  }
  if (found === undefined) throw reader.invalid('OPT stands outside of the additional section', startedAt);
  if (owner !== ROOT) throw reader.invalid('OPT has another owner than the root', startedAt);
  if (found.edns !== undefined) throw reader.invalid('OPT stands there twice', startedAt);
  found.extendedRcode = ttl >>> 24;
  found.edns = {
    udpBytes: recordClass,
    version: (ttl >>> 16) & 0xff,
    dnssecOk: (ttl & 0x8000) !== 0,
    options: readOptions(reader, length),
  };
  return undefined;
}

/** RFC 6891 §6.1.2. */
function readOptions(reader: WireReader, length: number): EdnsOption[] {
  const end = reader.offset + length;
  if (length > reader.left) throw reader.invalid('the options of OPT go beyond the end');
  const options: EdnsOption[] = [];
  while (reader.offset < end) {
    options.push({ code: reader.u16(), bytes: reader.take(reader.u16()) });
    if (reader.offset > end) throw reader.invalid('an option of OPT goes beyond its end', end);
  }
  return options;
}
