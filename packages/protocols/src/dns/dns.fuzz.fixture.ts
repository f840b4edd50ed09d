import assert from 'node:assert/strict';
import { isRoundhouseError } from '@roundhouse/core';
import { codedOnly, fuzzTarget, type FuzzTarget, textOfWords } from '@roundhouse/testing';
import fc from 'fast-check';
import { decodeMessage } from './message/decode.ts';
import { encodeMessage } from './message/encode.ts';
import { formatIp, ipBytes } from './message/ipAddress.ts';
import { formatName, parseName } from './message/name.ts';
import { HostsTable } from './resolver/hosts.ts';
import { makeQuestion, readReply } from './resolver/question.ts';
import { parseResolvConf } from './resolver/system.ts';
import { Responder } from './server/responder.ts';
import { ZoneTable } from './server/zoneTable.ts';
import { formatZone, parseZone } from './zone/text.ts';

const UDP_BYTES = 1_232;
const ZONE_HEAD = '$ORIGIN ex.test.\n$TTL 1h\n@ SOA ns mail 7 2h 15m 4w 5m\n@ NS ns\nns A 192.0.2.53\n';
const ZONE_WORDS = [
  ' ',
  '\t',
  '\n',
  '\n',
  '(',
  ')',
  '"',
  ';',
  '\\',
  '@',
  '$TTL ',
  '$ORIGIN ',
  '$INCLUDE ',
  'IN ',
  '60 ',
  'A ',
  'MX 1 ',
  'TXT ',
  'SOA ',
  'NS ',
  'CNAME ',
  'SRV ',
  '\\# ',
  '4 ',
  '0a000001',
  '192.0.2.1',
  'a.b',
  'TYPE9 ',
  '\\0',
  '\\032',
  '*.',
  'CH ',
  'x'.repeat(70),
  '1w2d',
  'AAAA ::1',
];
const NAME_WORDS = ['a', 'b.', '.', '\\', '\\046', '\\999', '*', '@', '_x', 'x'.repeat(63), 'é', ' '];
const FILE_WORDS = [
  'nameserver ',
  'search ',
  'domain ',
  'options ',
  'ndots:',
  '9',
  '192.0.2.1',
  '::1',
  'fe80::1%e',
  'a.b',
  '\n',
  ' ',
  '#',
  '\t',
  '127.0.0.1',
  'LOCALHOST',
  '.',
];

/** Heads of messages: as many entries as each says, and flags of all kinds. */
const head = fc
  .tuple(fc.constantFrom(0x0000, 0x8400, 0x8180, 0x2800, 0x0100), fc.array(fc.nat(2), { minLength: 4, maxLength: 4 }))
  .map(([flags, counts]) => Buffer.from([0, 1, flags >> 8, flags & 0xff, ...counts.flatMap((count) => [0, count])]));
const BODY_PIECES = [
  '00',
  '0161',
  '036578 0474657374 00',
  'c00c',
  'c010',
  'c0ff',
  '40',
  '3f',
  '0001 0001',
  '0029 04d0 00000000 0000',
  '0005 0001 00000e10',
  '0002 c00c',
  '0004 c0000201',
  '0010 0001 00000000 0003 026162',
  '0006 0001 00000001',
  'ffff',
  '00ff 0001',
];
const body = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...BODY_PIECES).map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex')),
      },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes)) },
    ),
    { maxLength: 14 },
  )
  .map((pieces) => Buffer.concat(pieces));
const message = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(head, body).map((parts) => Buffer.concat(parts)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 120 }).map((bytes) => Buffer.from(bytes)) },
);

function desk(): Responder {
  const zones = new ZoneTable();
  const records = 'www CNAME web\nweb A 192.0.2.80\n*.w TXT "x"\nsub NS ns.sub\nns.sub A 192.0.2.1\nex CNAME ex\n';
  zones.set(parseZone(ZONE_HEAD + records, { origin: 'ex.test' }));
  return new Responder(zones, new Map(), { maxUdpBytes: UDP_BYTES });
}

const DESK = desk();
const QUESTION = makeQuestion(
  'www.ex.test.',
  'A',
  { randomizesCase: false, hasEdns: true, id: 1 },
  (count) => new Uint8Array(count),
);

function codeOf(error: unknown): string | undefined {
  return isRoundhouseError(error) ? error.code : undefined;
}

export const FUZZ: readonly FuzzTarget[] = [
  fuzzTarget(
    'DNS messages',
    'are read or refused with a code; what was read is written so that it is read as the same',
    fc.property(message, (bytes) => {
      const read = codedOnly(() => decodeMessage(bytes), ['DNS_MESSAGE_INVALID']);
      if (read === undefined) return;
      const { edns, ...others } = read;
      // Data that a type may not have, such as a tag of CAA with other bytes, is read and never written.
      const written = codedOnly(
        () => encodeMessage({ ...others, ...(edns !== null && { edns }) }),
        ['DNS_DATA_INVALID'],
      );
      if (written !== undefined) assert.deepEqual(decodeMessage(written), read);
    }),
  ),
  fuzzTarget(
    'DNS replies',
    'are an answer to the question, or none of its',
    fc.property(message, (bytes) => {
      const reply = readReply(bytes, QUESTION);
      if (reply.kind === 'answer') assert.equal(reply.message.id, QUESTION.id);
    }),
  ),
  fuzzTarget(
    'DNS queries',
    'are answered with a message that can be read, within the size, or not at all',
    fc.property(message, fc.boolean(), (bytes, isUdp) => {
      const answer = DESK.respond(bytes, DESK.read(bytes), isUdp);
      if (answer === undefined) return;
      const read = decodeMessage(answer);
      assert.equal(read.isResponse, true);
      assert.equal(read.id, bytes.readUInt16BE(0));
      if (isUdp) assert.ok(answer.byteLength <= UDP_BYTES);
    }),
  ),
  fuzzTarget(
    'DNS names',
    'are read or refused; what was read is written so that it is read as the same',
    fc.property(textOfWords(NAME_WORDS, 10), (text) => {
      const name = codedOnly(() => parseName(text), ['DNS_NAME_INVALID']);
      if (name !== undefined) assert.equal(parseName(formatName(name)), name);
    }),
  ),
  fuzzTarget(
    'IP addresses in DNS',
    'are read as what they were written from',
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), textOfWords(['1', '::', ':', '.', 'ff', '255'], 10)), (text) => {
      const bytes = ipBytes(text);
      if (bytes !== undefined) assert.deepEqual(ipBytes(formatIp(bytes)), bytes);
    }),
  ),
  fuzzTarget(
    'zone files',
    'are a zone, or faults with their places; a zone is written so that it is read as the same',
    fc.property(textOfWords(ZONE_WORDS, 30), fc.boolean(), (text, hasHead) => {
      try {
        const zone = parseZone((hasHead ? ZONE_HEAD : '') + text, {
          origin: 'ex.test',
          include: () => 'x 1 A 192.0.2.1\n',
        });
        const written = formatZone(zone);
        assert.equal(formatZone(parseZone(written, { origin: 'ex.test' })), written);
      } catch (error) {
        if (codeOf(error) !== 'DNS_ZONE_INVALID') throw error;
        const { faults } = (error as { readonly details: { readonly faults: readonly string[] } }).details;
        assert.ok(faults.length > 0);
        for (const fault of faults) assert.match(fault, /^(the whole of it|.*:\d+:\d+): ./s);
      }
    }),
  ),
  fuzzTarget(
    'resolv.conf and hosts',
    'give something to go on with, whatever the files are',
    fc.property(textOfWords(FILE_WORDS, 24), (text) => {
      const { servers, search = [] } = parseResolvConf(text);
      assert.ok(servers.length >= 1 && servers.length <= 3 && search.length <= 32);
      const hosts = new HostsTable(text);
      for (const address of hosts.addressesOf('localhost.'))
        assert.ok(ipBytes(address.replace(/%.*/, '')) !== undefined);
    }),
  ),
];
