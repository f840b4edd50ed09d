import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import { formatIp, ipBytes, reverseName } from './ipAddress.ts';
import type { DnsMessage, ResourceRecord } from './message.ts';
import { formatName, type WireName } from './name.ts';
import { WireReader } from './reader.ts';

/** `ROUNDHOUSE_LONG=1` runs more than a million cases in all. */
const isLong = process.env['ROUNDHOUSE_LONG'] === '1';
const CASES = { numRuns: isLong ? 400_000 : 2_000 };
const TIMEOUT = { timeout: isLong ? 1_800_000 : 30_000 };

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

/** Every type with fields, and those without. */
const RECORDS: readonly ResourceRecord[] = [
  { name: 'example.com.', ttl: 300, data: { type: 'A', address: '192.0.2.1' } },
  { name: 'example.com.', ttl: 300, data: { type: 'AAAA', address: '2001:db8::1' } },
  { name: 'example.com.', ttl: 0, data: { type: 'NS', target: 'ns1.example.com.' } },
  { name: 'www.example.com.', ttl: 2_147_483_647, data: { type: 'CNAME', target: 'example.com.' } },
  {
    name: 'example.com.',
    ttl: 1,
    data: {
      type: 'SOA',
      primary: 'ns1.example.com.',
      mailbox: 'host\\.master.example.com.',
      serial: 4_294_967_295,
      refresh: 1,
      retry: 2,
      expire: 3,
      minimum: 4,
    },
  },
  { name: '1.2.0.192.in-addr.arpa.', ttl: 1, data: { type: 'PTR', target: 'example.com.' } },
  { name: 'example.com.', ttl: 1, data: { type: 'HINFO', cpu: bytesOf('RFC8482'), os: bytesOf('') } },
  { name: 'example.com.', ttl: 1, data: { type: 'MX', preference: 65_535, exchange: 'mail.example.com.' } },
  { name: 'example.com.', ttl: 1, data: { type: 'TXT', strings: [bytesOf('a'), bytesOf(''), bytesOf('\xff"\\')] } },
  { name: '_a._tcp.example.com.', ttl: 1, data: { type: 'SRV', priority: 1, weight: 2, port: 3, target: 'a.b.' } },
  {
    name: 'example.com.',
    ttl: 1,
    data: {
      type: 'NAPTR',
      order: 1,
      preference: 2,
      flags: bytesOf('u'),
      services: bytesOf('E2U+sip'),
      regexp: bytesOf('!^.*$!sip:info@example.com!'),
      replacement: '.',
    },
  },
  { name: 'example.com.', ttl: 1, data: { type: 'DNAME', target: 'example.net.' } },
  { name: 'a.example.com.', ttl: 1, data: { type: 'DS', keyTag: 1, algorithm: 8, digestType: 2, digest: hex('00ff') } },
  { name: 'a.', ttl: 1, data: { type: 'SSHFP', algorithm: 4, fingerprintType: 2, fingerprint: hex('abcd') } },
  { name: 'a.', ttl: 1, data: { type: 'DNSKEY', flags: 257, protocol: 3, algorithm: 13, key: hex('0102') } },
  { name: 'a.', ttl: 1, data: { type: 'TLSA', usage: 3, selector: 1, matchingType: 1, association: hex('ff') } },
  { name: 'a.', ttl: 1, data: { type: 'CAA', flags: 128, tag: 'issue', value: bytesOf('ca.example.net') } },
  { name: 'a.', ttl: 1, data: { type: 'HTTPS', bytes: hex('000100') } },
  { name: 'a.', ttl: 1, data: { type: 'TYPE65280', bytes: hex('') } },
];

describe('A DNS message', () => {
  it('has its names compressed as in the example of RFC 1035 §4.1.4', () => {
    // F.ISI.ARPA at 20, FOO and a pointer to it at 40, a pointer to ARPA at 64, the root at 92.
    const bytes = Buffer.alloc(93);
    Buffer.from('014603495349044152504100', 'hex').copy(bytes, 20);
    Buffer.from('03464f4fc014', 'hex').copy(bytes, 40);
    Buffer.from('c01a', 'hex').copy(bytes, 64);
    const nameAt = (offset: number): [string, number] => {
      const reader = new WireReader(bytes);
      reader.offset = offset;
      return [formatName(reader.name()), reader.offset];
    };
    expect(nameAt(20)).toEqual(['F.ISI.ARPA.', 32]);
    expect(nameAt(40)).toEqual(['FOO.F.ISI.ARPA.', 46]);
    expect(nameAt(64)).toEqual(['ARPA.', 66]);
    expect(nameAt(92)).toEqual(['.', 93]);
  });

  it('is written byte by byte, names as pointers to those before them (RFC 1035 §4.1)', () => {
    // An alias and its address.
    const bytes = hex(`
      1234 8500 0001 0002 0000 0000
      03777777 026578 0474657374 00 0001 0001
      c00c 0005 0001 00000e10 0004 0161 c010
      c029 0001 0001 0000012c 0004 c0000201`);
    const message: DnsMessage = {
      id: 0x1234,
      isResponse: true,
      isAuthoritative: true,
      recursionDesired: true,
      questions: [{ name: 'www.ex.test.', type: 'A' }],
      answers: [
        { name: 'www.ex.test.', ttl: 3_600, data: { type: 'CNAME', target: 'a.ex.test.' } },
        { name: 'a.ex.test.', ttl: 300, data: { type: 'A', address: '192.0.2.1' } },
      ],
    };
    expect(Buffer.from(encodeMessage(message)).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
    expect(decodeMessage(bytes)).toMatchObject(message);
  });

  it('carries records of every type there and back', () => {
    const message = { id: 1, answers: RECORDS, authorities: RECORDS, additionals: RECORDS };
    const decoded = decodeMessage(encodeMessage(message));
    for (const section of ['answers', 'authorities', 'additionals'] as const) {
      expect(decoded[section].map(({ class: recordClass, ...record }) => [recordClass, record])).toEqual(
        RECORDS.map((record) => [1, record]),
      );
    }
  });

  it('leaves names uncompressed in types that came after RFC 1035 (RFC 3597 §4)', () => {
    const names = (data: ResourceRecord['data']): number =>
      Buffer.from(encodeMessage({ id: 0, answers: [{ name: 'example.', ttl: 0, data }] }))
        .toString('latin1')
        .split('example').length - 1;
    expect(names({ type: 'MX', preference: 0, exchange: 'example.' })).toBe(1);
    expect(names({ type: 'SRV', priority: 0, weight: 0, port: 0, target: 'example.' })).toBe(2);
    expect(names({ type: 'DNAME', target: 'example.' })).toBe(2);
  });

  it('carries EDNS with its options and the upper bits of the code (RFC 6891 §6.1.3)', () => {
    const edns = {
      udpBytes: 1232,
      version: 0,
      dnssecOk: true,
      options: [{ code: 10, bytes: hex('0102030405060708') }],
    };
    const decoded = decodeMessage(encodeMessage({ id: 9, isResponse: true, rcode: 16, edns }));
    expect(decoded).toMatchObject({ id: 9, rcode: 16, edns, additionals: [] });
  });

  it('counts a TTL with the upper bit as 0 (RFC 2181 §8)', () => {
    const bytes = encodeMessage({ id: 0, answers: [RECORDS[0] as ResourceRecord] });
    bytes[12 + 13 + 4] = 0x80;
    expect(decodeMessage(bytes).answers[0]?.ttl).toBe(0);
  });

  it.each([
    ['a header that ends', '0000', 0, 'a header'],
    ['more questions than bytes', '0000 0000 ffff 0000 0000 0000', 12, 'fewer entries'],
    ['a name that points at itself', '0000 0000 0001 0000 0000 0000 c00c 0001 0001', 12, 'does not lead backwards'],
    ['a name that points forwards', '0000 0000 0001 0000 0000 0000 c00e 0001 0001', 12, 'does not lead backwards'],
    ['a loop over a label', '0000 0000 0001 0000 0000 0000 0161 c00c 0001 0001', 14, 'does not lead backwards'],
    ['a label of the kind 01', '0000 0000 0001 0000 0000 0000 41 00 0001 0001', 12, 'kind that does not exist'],
    ['a label beyond the end', '0000 0000 0001 0000 0000 0000 3f 61 0001 0001', 12, 'a label goes beyond'],
    ['bytes behind the end', '0000 0000 0000 0000 0000 0000 00', 12, 'left behind'],
    [
      'data that is too short for its type',
      '0000 0000 0000 0001 0000 0000 00 0001 0001 00000000 0002 0102',
      23,
      'too early',
    ],
    [
      'data that is longer than its type',
      '0000 0000 0000 0001 0000 0000 00 0001 0001 00000000 0005 0102030405',
      27,
      'longer',
    ],
    ['data beyond the end', '0000 0000 0000 0001 0000 0000 00 0010 0001 00000000 0009 0102', 23, 'goes beyond the end'],
    ['a string beyond the data', '0000 0000 0000 0001 0000 0000 00 0010 0001 00000000 0002 0a61', 24, 'too early'],
    ['OPT twice', '0000 0000 0000 0000 0000 0002 00 0029 0200 00000000 0000 00 0029 0200 00000000 0000', 23, 'twice'],
    ['OPT among the answers', '0000 0000 0000 0001 0000 0000 00 0029 0200 00000000 0000', 12, 'outside'],
    ['OPT with an owner', '0000 0000 0000 0000 0000 0001 016100 0029 0200 00000000 0000', 12, 'another owner'],
    ['an option beyond OPT', '0000 0000 0000 0000 0000 0001 00 0029 0200 00000000 0004 000a 0009', 27, 'too early'],
  ])('with %s is refused, with the place', (_what, bytes, offset, reason) => {
    let error: unknown;
    try {
      decodeMessage(hex(bytes));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'DNS_MESSAGE_INVALID', details: { offset } });
    expect((error as Error).message).toContain(reason);
  });

  it('with one byte changed is read or refused', TIMEOUT, () => {
    const whole = encodeMessage({ id: 1, questions: [{ name: 'a.example.', type: 'ANY' }], answers: RECORDS });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Uint8Array.from(whole);
        bytes[at] = (bytes[at] as number) ^ change;
        try {
          decodeMessage(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'DNS_MESSAGE_INVALID' });
        }
      }),
      CASES,
    );
  });

  it('is not written beyond a limit', () => {
    expect(() => encodeMessage({ id: 0, answers: RECORDS }, 100)).toThrow(
      expect.objectContaining({ code: 'DNS_MESSAGE_TOO_LARGE', details: { limit: 100 } }),
    );
  });

  it.each<[ResourceRecord['data'], string]>([
    [{ type: 'A', address: '::1' }, 'not an address of ipv4'],
    [{ type: 'AAAA', address: 'fe80::1%eth0' }, 'not an address of ipv6'],
    [{ type: 'MX', preference: 65_536, exchange: '.' }, 'from 0 to 65535'],
    [{ type: 'TXT', strings: [] }, 'at least one string'],
    [{ type: 'TXT', strings: [new Uint8Array(256)] }, 'at most 255 bytes'],
    [{ type: 'CAA', flags: 0, tag: '', value: new Uint8Array() }, 'letters and digits'],
  ])('with %j is not written', (data, reason) => {
    const message = { id: 0, answers: [{ name: '.', ttl: 0, data }] };
    expect(() => encodeMessage(message)).toThrow(expect.objectContaining({ code: 'DNS_DATA_INVALID' }));
    expect(() => encodeMessage(message)).toThrow(reason);
  });

  it('finds names to compress in either case, and never a wrong one', () => {
    const labels = fc.array(fc.constantFrom('a', 'A', 'bb', 'BB', 'a-'), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(labels, { minLength: 1, maxLength: 30 }), (names) => {
        const targets = names.map((each) => `${each.join('.')}.`);
        const answers = targets.map((target): ResourceRecord => ({ name: '.', ttl: 0, data: { type: 'NS', target } }));
        const read = decodeMessage(encodeMessage({ id: 0, answers })).answers.map(({ data }) =>
          data.type === 'NS' ? data.target.toLowerCase() : '',
        );
        expect(read).toEqual(targets.map((target) => target.toLowerCase()));
      }),
      { numRuns: 300 },
    );
  });
});

describe('An IP address', () => {
  it.each([
    // RFC 5952 §4.
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0DB8::0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['1::', '1::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['192.0.2.1', '192.0.2.1'],
  ])('%s is written %s', (text, formatted) => {
    expect(formatIp(ipBytes(text) as Uint8Array)).toBe(formatted);
  });

  it('is there and back the same', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const bytes = ipBytes(text) as Uint8Array;
        expect(bytes).toHaveLength(16);
        expect(ipBytes(formatIp(bytes))).toEqual(bytes);
      }),
    );
  });

  it('has a name to be looked up by', () => {
    expect(reverseName('192.0.2.1')).toBe('1.2.0.192.in-addr.arpa.');
    // RFC 3596 §2.5.
    expect(reverseName('4321:0:1:2:3:4:567:89ab')).toBe(
      'b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.',
    );
    expect(reverseName('localhost')).toBeUndefined();
  });
});

it('A name of any bytes is written so that it is read again', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(fc.array(label, { minLength: 1, maxLength: 8 }), (labels) => {
      const wire = `${labels.map((each) => String.fromCharCode(each.length, ...each)).join('')}\0` as WireName;
      const text = formatName(wire);
      const question = encodeMessage({ id: 0, questions: [{ name: text, type: 'A' }] });
      expect(decodeMessage(question).questions[0]?.name).toBe(text);
      expect(Buffer.from(question).toString('latin1', 12, 12 + wire.length)).toBe(wire);
    }),
    { numRuns: 300 },
  );
});
