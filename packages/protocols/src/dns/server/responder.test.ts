import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rcodeName } from '../message/codes.ts';
import { decodeMessage } from '../message/decode.ts';
import { encodeMessage } from '../message/encode.ts';
import type { DecodedMessage, DnsMessage, ResourceRecord } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';
import { parseZone } from '../zone/text.ts';
import { type DynamicRecords, indexDynamic } from './dynamic.ts';
import { Responder } from './responder.ts';
import { ZoneTable } from './zoneTable.ts';

/** `ROUNDHOUSE_LONG=1` runs more than a million cases in all. */
const isLong = process.env['ROUNDHOUSE_LONG'] === '1';

/** RFC 4592 §2.2.1. */
const WILDCARDS = `
$TTL 3600
@ SOA ns.example.com. m. 1 2 3 4 5
@ NS ns.example.com.
@ NS ns.example.net.
* TXT "this is a wildcard"
* MX 10 host1
sub.* TXT "this is not a wildcard"
host1 A 192.0.2.1
_ssh._tcp.host1 SRV 1 2 22 host1
_ssh._tcp.host2 SRV 1 2 22 host1
subdel NS ns.example.com.
subdel NS ns.example.net.
`;

const ZONE = `
$TTL 1h
@ SOA ns hostmaster 7 2h 15m 4w 5m
@ NS ns
@ NS ns.elsewhere.
@ MX 10 mail
ns A 192.0.2.53
ns AAAA 2001:db8::53
mail A 192.0.2.25
www CNAME web
web A 192.0.2.80
web A 192.0.2.81
away CNAME www.elsewhere.
dangling CNAME none
loop1 CNAME loop2
loop2 CNAME loop1
deep.empty A 192.0.2.9
sub NS ns.sub
sub NS ns
sub DS 1 8 2 00ff
ns.sub A 192.0.2.54
below.sub A 192.0.2.55
x.hollow.sub A 192.0.2.56
intosub CNAME x.sub
*.wild CNAME web
large TXT ${Array.from({ length: 10 }, (_, at) => `"${String(at).repeat(200)}"`).join(' ')}
_sip._udp SRV 1 2 5060 mail
`;

const INNER = '$TTL 60\n@ SOA ns m 1 2 3 4 5\n@ NS ns\nns A 192.0.2.99\n';

function responder(dynamic: readonly DynamicRecords[] = []): Responder {
  const table = new ZoneTable();
  table.set(parseZone(ZONE, { origin: 'ex.test' }));
  table.set(parseZone(INNER, { origin: 'inner.ex.test' }));
  table.set(parseZone(WILDCARDS, { origin: 'example' }));
  return new Responder(table, indexDynamic(dynamic), { maxUdpBytes: 1_232 });
}

const DESK = responder();

function ask(message: DnsMessage, { desk = DESK, isUdp = true } = {}): DecodedMessage {
  const bytes = Buffer.from(encodeMessage(message));
  const answer = desk.respond(bytes, desk.read(bytes), isUdp);
  return decodeMessage(answer as Uint8Array);
}

const query = (name: string, type: QuestionType, desk = DESK): DecodedMessage =>
  ask({ id: 4711, questions: [{ name, type }], edns: { udpBytes: 4_096 } }, { desk });

function show({ name, data }: ResourceRecord): string {
  const values = Object.values(data).slice(1, 5);
  return `${name} ${data.type} ${values.map((value) => (value instanceof Object ? '…' : String(value))).join(' ')}`;
}

/** Code, AA, and the three sections. */
function summary(answer: DecodedMessage): readonly [string, string[], string[], string[]] {
  const { rcode, isAuthoritative, answers, authorities, additionals } = answer;
  const code = `${rcodeName(rcode)}${isAuthoritative ? ' AA' : ''}`;
  return [code, answers.map(show), authorities.map(show), additionals.map(show)];
}

const SOA = 'ex.test. SOA ns.ex.test. hostmaster.ex.test. 7 7200';
const EXAMPLE_SOA = 'example. SOA ns.example.com. m. 1 2';

describe('A name server', () => {
  it.each<[string, QuestionType, string, string[], string[], string[]]>([
    ['mail.ex.test', 'A', 'NOERROR AA', ['mail.ex.test. A 192.0.2.25'], [], []],
    ['web.ex.test', 'A', 'NOERROR AA', ['web.ex.test. A 192.0.2.80', 'web.ex.test. A 192.0.2.81'], [], []],
    ['mail.ex.test', 'AAAA', 'NOERROR AA', [], [SOA], []],
    ['none.ex.test', 'A', 'NXDOMAIN AA', [], [SOA], []],
    // An empty name that only leads to others is there: RFC 8020 §2, RFC 4592 §2.2.2.
    ['empty.ex.test', 'A', 'NOERROR AA', [], [SOA], []],
    ['x.empty.ex.test', 'A', 'NXDOMAIN AA', [], [SOA], []],
    ['ex.test', 'MX', 'NOERROR AA', ['ex.test. MX 10 mail.ex.test.'], [], ['mail.ex.test. A 192.0.2.25']],
    [
      'ex.test',
      'NS',
      'NOERROR AA',
      ['ex.test. NS ns.ex.test.', 'ex.test. NS ns.elsewhere.'],
      [],
      ['ns.ex.test. A 192.0.2.53', 'ns.ex.test. AAAA 2001:db8::53'],
    ],
    [
      '_sip._udp.ex.test',
      'SRV',
      'NOERROR AA',
      ['_sip._udp.ex.test. SRV 1 2 5060 mail.ex.test.'],
      [],
      ['mail.ex.test. A 192.0.2.25'],
    ],
    // Aliases: RFC 1034 §3.6.2 and §4.3.2 step 3a.
    [
      'www.ex.test',
      'A',
      'NOERROR AA',
      ['www.ex.test. CNAME web.ex.test.', 'web.ex.test. A 192.0.2.80', 'web.ex.test. A 192.0.2.81'],
      [],
      [],
    ],
    ['www.ex.test', 'CNAME', 'NOERROR AA', ['www.ex.test. CNAME web.ex.test.'], [], []],
    ['www.ex.test', 'MX', 'NOERROR AA', ['www.ex.test. CNAME web.ex.test.'], [SOA], []],
    ['away.ex.test', 'A', 'NOERROR AA', ['away.ex.test. CNAME www.elsewhere.'], [], []],
    // The code is that of the last name: RFC 2308 §2.1.
    ['dangling.ex.test', 'A', 'NXDOMAIN AA', ['dangling.ex.test. CNAME none.ex.test.'], [SOA], []],
    [
      'intosub.ex.test',
      'A',
      'NOERROR AA',
      ['intosub.ex.test. CNAME x.sub.ex.test.'],
      ['sub.ex.test. NS ns.sub.ex.test.', 'sub.ex.test. NS ns.ex.test.'],
      ['ns.sub.ex.test. A 192.0.2.54', 'ns.ex.test. A 192.0.2.53', 'ns.ex.test. AAAA 2001:db8::53'],
    ],
    [
      'a.b.wild.ex.test',
      'A',
      'NOERROR AA',
      ['a.b.wild.ex.test. CNAME web.ex.test.', 'web.ex.test. A 192.0.2.80', 'web.ex.test. A 192.0.2.81'],
      [],
      [],
    ],
    // Delegations: the addresses below the cut come first.
    [
      'x.sub.ex.test',
      'A',
      'NOERROR',
      [],
      ['sub.ex.test. NS ns.sub.ex.test.', 'sub.ex.test. NS ns.ex.test.'],
      ['ns.sub.ex.test. A 192.0.2.54', 'ns.ex.test. A 192.0.2.53', 'ns.ex.test. AAAA 2001:db8::53'],
    ],
    [
      'below.sub.ex.test',
      'A',
      'NOERROR',
      [],
      ['sub.ex.test. NS ns.sub.ex.test.', 'sub.ex.test. NS ns.ex.test.'],
      ['ns.sub.ex.test. A 192.0.2.54', 'ns.ex.test. A 192.0.2.53', 'ns.ex.test. AAAA 2001:db8::53'],
    ],
    // What only leads to names below a cut is below it as well.
    [
      'hollow.sub.ex.test',
      'A',
      'NOERROR',
      [],
      ['sub.ex.test. NS ns.sub.ex.test.', 'sub.ex.test. NS ns.ex.test.'],
      ['ns.sub.ex.test. A 192.0.2.54', 'ns.ex.test. A 192.0.2.53', 'ns.ex.test. AAAA 2001:db8::53'],
    ],
    // DS is asked for above the cut: RFC 4035 §3.1.4.1.
    ['sub.ex.test', 'DS', 'NOERROR AA', ['sub.ex.test. DS 1 8 2 …'], [], []],
    ['inner.ex.test', 'DS', 'NXDOMAIN AA', [], [SOA], []],
    // The longest zone answers.
    ['ns.inner.ex.test', 'A', 'NOERROR AA', ['ns.inner.ex.test. A 192.0.2.99'], [], []],
    // RFC 8482 §4.1.
    ['ns.ex.test', 'ANY', 'NOERROR AA', ['ns.ex.test. A 192.0.2.53'], [], []],
    ['elsewhere', 'A', 'REFUSED', [], [], []],
    ['.', 'NS', 'REFUSED', [], [], []],
    // RFC 4592 §2.2.1: what is made of a wildcard …
    ['host3.example', 'MX', 'NOERROR AA', ['host3.example. MX 10 host1.example.'], [], ['host1.example. A 192.0.2.1']],
    ['host3.example', 'A', 'NOERROR AA', [], [EXAMPLE_SOA], []],
    ['foo.bar.example', 'TXT', 'NOERROR AA', ['foo.bar.example. TXT …'], [], []],
    // … and what is not.
    ['host1.example', 'MX', 'NOERROR AA', [], [EXAMPLE_SOA], []],
    ['sub.*.example', 'MX', 'NOERROR AA', [], [EXAMPLE_SOA], []],
    ['_telnet._tcp.host1.example', 'SRV', 'NXDOMAIN AA', [], [EXAMPLE_SOA], []],
    [
      'host.subdel.example',
      'A',
      'NOERROR',
      [],
      ['subdel.example. NS ns.example.com.', 'subdel.example. NS ns.example.net.'],
      [],
    ],
    ['ghost.*.example', 'MX', 'NXDOMAIN AA', [], [EXAMPLE_SOA], []],
    ['*.example', 'TXT', 'NOERROR AA', ['*.example. TXT …'], [], []],
  ])('asked for %s %s says %s', (name, type, ...expected) => {
    expect(summary(query(name, type))).toEqual(expected);
  });

  it('says so of aliases that lead in a circle, each once', () => {
    const { rcode, answers } = query('loop1.ex.test', 'A');
    expect([rcodeName(rcode), answers.length]).toEqual(['SERVFAIL', 2]);
  });

  it('says how long there is nothing by the lesser of TTL and minimum of the SOA (RFC 2308 §5)', () => {
    expect(query('none.ex.test', 'A').authorities[0]?.ttl).toBe(300);
    expect(query('ex.test', 'SOA').answers[0]?.ttl).toBe(3_600);
  });

  it('repeats the question as it was written, so that its case can be checked', () => {
    const answer = query('mAiL.Ex.TeST', 'A');
    expect(answer.questions[0]?.name).toBe('mAiL.Ex.TeST.');
    expect(answer.answers[0]?.name).toBe('mAiL.Ex.TeST.');
    expect(answer).toMatchObject({ id: 4711, isResponse: true, recursionAvailable: false });
  });

  it('copies RD and CD, and sets neither RA nor AD', () => {
    const message = { id: 1, recursionDesired: true, checkingDisabled: true, questions: [{ name: '.', type: 'A' }] };
    expect(ask(message as DnsMessage)).toMatchObject({
      recursionDesired: true,
      checkingDisabled: true,
      recursionAvailable: false,
      authenticData: false,
    });
  });

  it('sends no more over UDP than the client takes, and 512 bytes without EDNS (RFC 1035 §4.2.1, RFC 6891 §6.2.3)', () => {
    const questions = [{ name: 'large.ex.test', type: 'TXT' as const }];
    const plain = ask({ id: 1, questions });
    expect(plain).toMatchObject({ isTruncated: true, answers: [], edns: null });
    // Our own limit is below the client's.
    const edns = ask({ id: 1, questions, edns: { udpBytes: 4_096 } });
    expect(edns).toMatchObject({ isTruncated: true, answers: [], edns: { udpBytes: 1_232 } });
    const stream = ask({ id: 1, questions }, { isUdp: false });
    expect(stream).toMatchObject({ isTruncated: false });
    expect(stream.answers).toHaveLength(1);
  });

  it('leaves out what is beside an answer before it cuts the answer', () => {
    const table = new ZoneTable();
    const hosts = Array.from(
      { length: 12 },
      (_, at) => `@ NS ns${at}.long-name-of-a-server\nns${at}.long-name-of-a-server AAAA ::${at + 1}\n`,
    );
    table.set(parseZone(`$TTL 1\n@ SOA . . 1 2 3 4 5\n${hosts.join('')}`, { origin: 'ex.test' }));
    const desk = new Responder(table, new Map(), { maxUdpBytes: 1_232 });
    const answer = ask({ id: 1, questions: [{ name: 'ex.test', type: 'NS' }] }, { desk });
    expect(answer).toMatchObject({ isTruncated: false });
    expect(answer.answers).toHaveLength(12);
    expect(answer.additionals.length).toBeGreaterThan(0);
    expect(answer.additionals.length).toBeLessThan(12);
  });

  it('cuts a referral whose glue does not fit (RFC 9471 §3)', () => {
    const table = new ZoneTable();
    const hosts = Array.from({ length: 15 }, (_, at) => `sub NS ns${at}.sub\nns${at}.sub AAAA ::${at + 1}\n`);
    table.set(parseZone(`$TTL 1\n@ SOA . . 1 2 3 4 5\n@ NS a.\n${hosts.join('')}`, { origin: 'ex.test' }));
    const desk = new Responder(table, new Map(), { maxUdpBytes: 1_232 });
    expect(ask({ id: 1, questions: [{ name: 'x.sub.ex.test', type: 'A' }] }, { desk })).toMatchObject({
      isTruncated: true,
    });
    const whole = ask({ id: 1, questions: [{ name: 'x.sub.ex.test', type: 'A' }] }, { desk, isUdp: false });
    expect(whole.additionals).toHaveLength(15);
  });

  it.each<[string, DnsMessage, string]>([
    [
      'an unknown version of EDNS',
      { id: 1, questions: [{ name: 'ex.test', type: 'A' }], edns: { udpBytes: 512, version: 1 } },
      'BADVERS',
    ],
    ['an update', { id: 1, opcode: 5, questions: [{ name: 'ex.test', type: 'SOA' }] }, 'NOTIMP'],
    ['a notification', { id: 1, opcode: 4, questions: [{ name: 'ex.test', type: 'SOA' }] }, 'NOTIMP'],
    [
      'two questions',
      {
        id: 1,
        questions: [
          { name: 'ex.test', type: 'A' },
          { name: 'ex.test', type: 'MX' },
        ],
      },
      'FORMERR',
    ],
    ['no question', { id: 1 }, 'FORMERR'],
    ['the class of Chaos', { id: 1, questions: [{ name: 'ex.test', type: 'A', class: 3 }] }, 'REFUSED'],
    ['OPT as a type', { id: 1, questions: [{ name: 'ex.test', type: 'TYPE41' }] }, 'NOTIMP'],
    ['MAILB', { id: 1, questions: [{ name: 'ex.test', type: 'TYPE253' }] }, 'NOTIMP'],
    ['a whole zone over UDP', { id: 1, questions: [{ name: 'ex.test', type: 'AXFR' }] }, 'FORMERR'],
  ])('answers %s with %j: %s', (_what, message, code) => {
    const answer = ask(message);
    expect(rcodeName(answer.rcode)).toBe(code);
    expect(answer).toMatchObject({ answers: [], authorities: [], opcode: message.opcode ?? 0 });
  });

  it('says the serial to IXFR over UDP (RFC 1995 §2)', () => {
    expect(summary(query('ex.test', 'IXFR'))).toEqual(['NOERROR AA', [SOA], [], []]);
    expect(summary(query('web.ex.test', 'IXFR'))[0]).toBe('NOTAUTH');
  });

  it('gives no answer to an answer, nor to what has no header', () => {
    for (const bytes of [encodeMessage({ id: 1, isResponse: true }), new Uint8Array(11), new Uint8Array()]) {
      const buffer = Buffer.from(bytes);
      expect(DESK.respond(buffer, DESK.read(buffer), true)).toBeUndefined();
    }
  });

  it('answers any bytes with a message that can be read, within the size, or not at all', { timeout: 600_000 }, () => {
    const head = Buffer.from(
      encodeMessage({ id: 1, questions: [{ name: 'www.ex.test', type: 'A' }], edns: { udpBytes: 600 } }),
    );
    const changed = fc
      .array(fc.tuple(fc.nat(head.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
      .map((changes) => {
        const bytes = Buffer.from(head);
        for (const [at, value] of changes) bytes[at] = value;
        return bytes;
      });
    const garbage = fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.oneof(changed, garbage), fc.boolean(), (bytes, isUdp) => {
        const answer = DESK.respond(bytes, DESK.read(bytes), isUdp);
        if (answer === undefined) return;
        expect(decodeMessage(answer)).toMatchObject({ isResponse: true, id: bytes.readUInt16BE(0) });
        if (isUdp) expect(answer.byteLength).toBeLessThanOrEqual(1_232);
      }),
      { numRuns: isLong ? 400_000 : 3_000 },
    );
  });
});

describe('Dynamic records', () => {
  it('show the addresses of the moment, each answer beginning with another', () => {
    let addresses = ['192.0.2.1', '192.0.2.2', '2001:db8::1'];
    const desk = responder([{ name: 'pool.ex.test', ttl: 3, addresses: () => addresses }]);
    const first = (): string[] => query('POOL.ex.test', 'A', desk).answers.map(show);
    const [one, two] = [first(), first()];
    expect(one.toSorted()).toEqual(['POOL.ex.test. A 192.0.2.1', 'POOL.ex.test. A 192.0.2.2']);
    expect(two.toSorted()).toEqual(one.toSorted());
    expect(new Set(Array.from({ length: 6 }, () => first()[0])).size).toBe(2);
    expect(query('pool.ex.test', 'AAAA', desk).answers).toMatchObject([{ ttl: 3, data: { address: '2001:db8::1' } }]);
    addresses = [];
    const none = query('pool.ex.test', 'A', desk);
    expect(summary(none).slice(0, 2)).toEqual(['NOERROR AA', []]);
    expect(none.authorities).toMatchObject([{ ttl: 3, data: { type: 'SOA' } }]);
  });

  it('that fail are a SERVFAIL, told, and nothing else', () => {
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => uncaught.push(error));
    const desk = responder([
      {
        name: 'pool.ex.test',
        ttl: 3,
        addresses() {
          throw new Error('broken');
        },
      },
    ]);
    expect(summary(query('pool.ex.test', 'A', desk))).toEqual(['SERVFAIL', [], [], []]);
    expect(query('mail.ex.test', 'A', desk).answers).toHaveLength(1);
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
      expect(uncaught).toEqual([new Error('broken')]);
    });
  });
});
