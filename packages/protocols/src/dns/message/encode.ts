import { dnsError } from '../errors.ts';
import { CLASSES, OPT } from './codes.ts';
import { encodeData } from './data.ts';
import { type DnsMessage, type Edns, FLAGS, MAX_MESSAGE_BYTES, type ResourceRecord } from './message.ts';
import { parseName, ROOT } from './name.ts';
import { typeCode } from './types.ts';
import { MessageWriter } from './writer.ts';

let shared: MessageWriter | undefined;

/**
 * The bytes of a message, at most `limit` of them. Raises DNS_MESSAGE_TOO_LARGE, DNS_NAME_INVALID and DNS_DATA_INVALID.
 */
export function encodeMessage(message: DnsMessage, limit = MAX_MESSAGE_BYTES): Uint8Array {
  shared ??= new MessageWriter(MAX_MESSAGE_BYTES);
  shared.reset(limit);
  writeMessage(message, shared);
  if (shared.isFull) throw dnsError('DNS_MESSAGE_TOO_LARGE', { details: { limit } });
  return shared.copy();
}

function writeMessage(message: DnsMessage, writer: MessageWriter): void {
  const { questions = [], answers = [], authorities = [], additionals = [], edns, rcode = 0 } = message;
  writer.u16(message.id);
  writer.u16(flagsOf(message));
  writer.u16(questions.length);
  writer.u16(answers.length);
  writer.u16(authorities.length);
  writer.u16(additionals.length + (edns === undefined ? 0 : 1));
  for (const { name, type, class: questionClass = CLASSES.IN } of questions) {
    writer.compressedName(parseName(name));
    writer.u16(codeOf(type));
    writer.u16(questionClass);
  }
  for (const record of [...answers, ...authorities, ...additionals]) writeRecord(record, writer);
  if (edns !== undefined) writeOpt(edns, rcode, writer);
}

function flagsOf(message: DnsMessage): number {
  const flag = (isSet: boolean | undefined, bit: number): number => (isSet === true ? bit : 0);
  return (
    flag(message.isResponse, FLAGS.response) |
    ((message.opcode ?? 0) << 11) |
    flag(message.isAuthoritative, FLAGS.authoritative) |
    flag(message.isTruncated, FLAGS.truncated) |
    flag(message.recursionDesired, FLAGS.recursionDesired) |
    flag(message.recursionAvailable, FLAGS.recursionAvailable) |
    flag(message.authenticData, FLAGS.authenticData) |
    flag(message.checkingDisabled, FLAGS.checkingDisabled) |
    ((message.rcode ?? 0) & 0xf)
  );
}

function writeRecord(
  { name, ttl, class: recordClass = CLASSES.IN, data }: ResourceRecord,
  writer: MessageWriter,
): void {
  writer.compressedName(parseName(name));
  writer.u16(codeOf(data.type));
  writer.u16(recordClass);
  writer.u32(ttl);
  encodeData(data, writer);
}

/** RFC 6891 §6.1.2. */
function writeOpt(edns: Edns, rcode: number, writer: MessageWriter): void {
  writer.name(ROOT);
  writer.u16(OPT);
  writer.u16(edns.udpBytes);
  writer.u8(rcode >>> 4);
  writer.u8(edns.version ?? 0);
  writer.u16(edns.dnssecOk === true ? 0x8000 : 0);
  const options = edns.options ?? [];
  writer.u16(options.reduce((sum, { bytes }) => sum + 4 + bytes.byteLength, 0));
  for (const { code, bytes } of options) {
    writer.u16(code);
    writer.u16(bytes.byteLength);
    writer.raw(bytes);
  }
}

function codeOf(type: string): number {
  const code = typeCode(type);
  if (code === undefined) throw dnsError('DNS_DATA_INVALID', { details: { type, reason: 'there is no such type' } });
  return code;
}
