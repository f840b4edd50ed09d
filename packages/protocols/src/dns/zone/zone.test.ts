import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { loadZone } from './load.ts';
import { formatZone, parseZone } from './text.ts';
import { createZone, type Zone } from './zone.ts';

const HEAD = '$ORIGIN ex.test.\n$TTL 1h\n@ SOA ns mail 7 2h 15m 4w 5m\n@ NS ns\nns A 192.0.2.53\n';
/** Lines of `HEAD`. */
const LINES = 5;

const recordsOf = (zone: Zone): string[] => formatZone(zone).trimEnd().split('\n').slice(3);
const parse = (text: string): string[] => recordsOf(parseZone(HEAD + text, { origin: 'ex.test' }));

function faultsOf(text: string, options: Partial<Parameters<typeof parseZone>[1]> = {}): readonly string[] {
  try {
    parseZone(text, { origin: 'ex.test', file: 'f', ...options });
  } catch (error) {
    if (isRoundhouseError(error) && error.code === 'DNS_ZONE_INVALID') return error.details['faults'] as string[];
    throw error;
  }
  return [];
}

describe('A zone file', () => {
  it.each([
    ['a A 192.0.2.1', ['a.ex.test. 3600 IN A 192.0.2.1']],
    ['a 60 IN A 192.0.2.1', ['a.ex.test. 60 IN A 192.0.2.1']],
    ['a IN 1w2d3h4m5s A 192.0.2.1', ['a.ex.test. 788645 IN A 192.0.2.1']],
    ['a class1 type1 192.0.2.1', ['a.ex.test. 3600 IN A 192.0.2.1']],
    ['a A 192.0.2.1\n  A 192.0.2.2', ['a.ex.test. 3600 IN A 192.0.2.1', 'a.ex.test. 3600 IN A 192.0.2.2']],
    ['a A 192.0.2.1\n\n ; nothing\n\tAAAA ::1', ['a.ex.test. 3600 IN A 192.0.2.1', 'a.ex.test. 3600 IN AAAA ::1']],
    ['a MX 10 mail', ['a.ex.test. 3600 IN MX 10 mail.ex.test.']],
    ['a MX ( 10 ; best\r\n mail.x. )', ['a.ex.test. 3600 IN MX 10 mail.x.']],
    ['a TXT "a b" c "d;e" "q\\"\\\\" \\065\\000', ['a.ex.test. 3600 IN TXT "a b" "c" "d;e" "q\\"\\\\" "A\\000"']],
    ['a TXT ""', ['a.ex.test. 3600 IN TXT ""']],
    ['a TXT "ü"', ['a.ex.test. 3600 IN TXT "\\195\\188"']],
    ['*.a A 192.0.2.1', ['*.a.ex.test. 3600 IN A 192.0.2.1']],
    ['a\\.b A 192.0.2.1', ['a\\.b.ex.test. 3600 IN A 192.0.2.1']],
    ['_a._b SRV 1 2 3 @', ['_a._b.ex.test. 3600 IN SRV 1 2 3 ex.test.']],
    ['c CAA 0 issue "ca.example; x=1"', ['c.ex.test. 3600 IN CAA 0 issue "ca.example; x=1"']],
    ['1.0 PTR www.x.', ['1.0.ex.test. 3600 IN PTR www.x.']],
    ['CamelCase A 192.0.2.1', ['CamelCase.ex.test. 3600 IN A 192.0.2.1']],
    [
      '$ORIGIN sub\na A 192.0.2.1\n$TTL 5\nb A 192.0.2.2',
      ['a.sub.ex.test. 3600 IN A 192.0.2.1', 'b.sub.ex.test. 5 IN A 192.0.2.2'],
    ],
    // RFC 3597 §5, examples.
    ['a CLASS1 TYPE1 \\# 4 0A000001', ['a.ex.test. 3600 IN A 10.0.0.1']],
    ['a IN TYPE731 \\# 6 abcdef (\n 01 23 45 )', ['a.ex.test. 3600 IN TYPE731 \\# 6 abcdef012345']],
    ['a TYPE62347 \\# 0', ['a.ex.test. 3600 IN TYPE62347 \\# 0']],
    ['a HTTPS \\# 3 000100', ['a.ex.test. 3600 IN HTTPS \\# 3 000100']],
    ['a DS 1 8 2 00ff 11', ['a.ex.test. 3600 IN DS 1 8 2 00ff11']],
    ['a A 192.0.2.1\na A 192.0.2.1', ['a.ex.test. 3600 IN A 192.0.2.1']],
  ])('%j', (text, records) => {
    expect(parse(text)).toEqual(records);
  });

  it('without $TTL takes the TTL before, and that of SOA from its minimum', () => {
    const zone = parseZone('@ SOA ns m 1 2 3 4 77\n@ 9 NS ns\nns A 192.0.2.1', { origin: 'ex.test' });
    expect(formatZone(zone).split('\n').slice(0, 3)).toEqual([
      'ex.test. 77 IN SOA ns.ex.test. m.ex.test. 1 2 3 4 77',
      'ex.test. 9 IN NS ns.ex.test.',
      'ns.ex.test. 9 IN A 192.0.2.1',
    ]);
    expect(zone).toMatchObject({ origin: 'ex.test.', serial: 1, negativeTtl: 77, names: 2, records: 3 });
  });

  it.each([
    ['a A 192.0.2.256', 'f:6:5: A: address is not an address of ipv4: 192.0.2.256'],
    ['a A', 'f:6:3: A: address is missing'],
    ['a A 192.0.2.1 x', 'f:6:15: A: there is more behind its fields: x'],
    ['a MX 65536 m', 'f:6:6: MX: preference is a whole number from 0 to 65535, not 65536'],
    ['a MX 1 a..b', 'f:6:8: a..b is no name: a label is empty'],
    ['a NOPE x', 'f:6:3: there is no type NOPE'],
    ['a AXFR x', 'f:6:3: no record has the type AXFR'],
    ['a OPT x', 'f:6:3: there is no type OPT'],
    ['a TYPE41 \\# 0', 'f:6:3: no record has the type TYPE41'],
    ['a CH A 192.0.2.1', 'f:6:3: the class CH is not served, only IN'],
    ['a 60', 'f:6:3: the type of the record is missing'],
    ['a TXT "open', 'f:6:7: a quotation mark is not closed'],
    ['a TXT (x', 'f:6:7: a parenthesis is not closed'],
    ['a TXT x)', 'f:6:8: a parenthesis is closed that was not opened'],
    ['a TXT ((x))', 'f:6:8: a parenthesis stands within another'],
    ['a TXT \\300', 'f:6:7: TXT: \\300 is no byte'],
    [`a TXT ${'x'.repeat(256)}`, 'f:6:7: TXT: a string has at most 255 bytes'],
    ['a A \\# 3 000000', 'f:6:5: A: the bytes are not what data of this type is'],
    ['a NS \\# 2 c000', 'f:6:6: NS: the bytes are not what data of this type is'],
    ['a TYPE9 \\# 2 00', 'f:6:9: TYPE9: it has 1 bytes, and says 2'],
    ['a HTTPS 1 . alpn=h2', 'f:6:9: HTTPS: its data is only taken in the form of RFC 3597'],
    ['$INCLUDE other', 'f:6:1: $INCLUDE is not allowed here'],
    ['$GENERATE 1-2 a A 192.0.2.$', 'f:6:1: there is no directive $GENERATE'],
    ['$TTL x', 'f:6:6: x is no time from 0 to 2147483647 seconds'],
    ['$TTL', 'f:6:1: behind $TTL something is missing'],
    ['a.other. A 192.0.2.1', 'f:6:1: a.other. is outside of the zone ex.test.'],
    ['a CNAME b\na A 192.0.2.1', 'f:6:1: CNAME stands beside A of line 7'],
    ['a CNAME b\na CNAME c', 'f:7:1: a name has two CNAMEs'],
    ['a SOA ns m 1 2 3 4 5', 'f:6:1: SOA stands below the top of the zone'],
    ['@ SOA ns m 1 2 3 4 5', 'f:6:1: it has a second SOA'],
    ['a DNAME b.', 'f:6:1: DNAME is not supported'],
    ['a NS ns.a', 'f:6:1: NS leads to ns.a.ex.test., which has no address here'],
    ['@ NS x', 'f:6:1: NS leads to x.ex.test., which has no address here'],
    ['a NS b\nb CNAME c', 'f:6:1: NS leads to b.ex.test., which is a CNAME'],
  ])('%j is a fault', (text, fault) => {
    expect(faultsOf(HEAD + text)).toContain(fault);
  });

  it.each([
    ['ns A 192.0.2.1', ['the whole of it: it has no SOA', 'the whole of it: it has no NS at its top']],
    ['@ SOA ns m 1 2 3 4 5', ['f:1:1: it has no NS at its top']],
    [' A 192.0.2.1', ['f:1:2: there is no owner before this to go on with']],
    ['@ NS ns', ['f:1:3: it has no TTL, and no $TTL stands before it']],
  ])('%j is no zone', (text, faults) => {
    expect(faultsOf(text.replace('ns A', 'ns 1 A'))).toEqual(faults);
  });

  it('has all its faults told, and nothing of a faulty owner given to another', () => {
    const faults = faultsOf(`${HEAD}a..b A 192.0.2.1\n A 192.0.2.2\nc A x\nd A y\n`);
    expect(faults).toEqual([
      'f:6:1: a..b is no name: a label is empty',
      'f:7:2: there is no owner before this to go on with',
      'f:8:5: A: address is not an address of ipv4: x',
      'f:9:5: A: address is not an address of ipv4: y',
    ]);
    expect(HEAD.split('\n')).toHaveLength(LINES + 1);
  });

  it('tells of what is hardly meant so', () => {
    const text = `${HEAD}a 5 A 192.0.2.1\na 6 A 192.0.2.2\n@ MX 1 m\nm CNAME a\n@ MX 2 none\n`;
    const { warnings } = parseZone(text, { origin: 'ex.test' });
    expect(warnings.map(({ place, reason }) => `${place?.line}: ${reason}`)).toEqual([
      '7: the records of a.ex.test. A have several TTLs; that of the first counts',
      '8: MX leads to m.ex.test., which is a CNAME',
      '10: MX leads to none.ex.test., which is not there',
    ]);
  });

  it('is bounded', () => {
    expect(faultsOf(`${HEAD}a A 192.0.2.1\nb A 192.0.2.1\n`, { maxRecords: 4 })).toEqual([
      'f:7:1: the zone has more than 4 records',
    ]);
  });

  it('includes others, within their own origin, to a bounded depth', () => {
    const include = (path: string): string => {
      if (path === 'sub') return 'a A 192.0.2.1\n$ORIGIN deep\nb A 192.0.2.2\n';
      if (path === 'bad') return '\nc A z';
      if (path === 'loop') return '$INCLUDE loop';
      throw new Error('it is not there');
    };
    const zone = parseZone(`${HEAD}$INCLUDE sub inner\nd A 192.0.2.3\n`, { origin: 'ex.test', include });
    expect(recordsOf(zone)).toEqual([
      'a.inner.ex.test. 3600 IN A 192.0.2.1',
      'b.deep.inner.ex.test. 3600 IN A 192.0.2.2',
      'd.ex.test. 3600 IN A 192.0.2.3',
    ]);
    expect(faultsOf(`${HEAD}$INCLUDE bad`, { include })).toEqual(['bad:2:5: A: address is not an address of ipv4: z']);
    expect(faultsOf(`${HEAD}$INCLUDE loop`, { include })).toEqual(['loop:1:1: more than 8 files within one another']);
    expect(faultsOf(`${HEAD}$INCLUDE gone`, { include })).toEqual(['f:6:10: gone cannot be read: it is not there']);
  });

  it('is loaded from the disk, with files beside it and none outside', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'roundhouse-zone-'));
    try {
      const file = join(directory, 'ex.test.zone');
      writeFileSync(file, `${HEAD}$INCLUDE more\n`);
      writeFileSync(join(directory, 'more'), 'a A 192.0.2.1\n');
      using scope = createScope();
      await expect(loadZone({ file, origin: 'ex.test' }, scope)).rejects.toMatchObject({ code: 'DNS_ZONE_INVALID' });
      const zone = await loadZone({ file, origin: 'ex.test', allowInclude: true }, scope);
      expect(recordsOf(zone)).toEqual(['a.ex.test. 3600 IN A 192.0.2.1']);
      writeFileSync(file, `${HEAD}$INCLUDE ../../etc/passwd\n$INCLUDE /etc/passwd\n`);
      const refused = loadZone({ file, origin: 'ex.test', allowInclude: true }, scope);
      await expect(refused).rejects.toMatchObject({ details: { fault_count: 2 } });
      await expect(loadZone({ file: join(directory, 'none'), origin: 'ex.test' }, scope)).rejects.toMatchObject({
        code: 'DNS_ZONE_INVALID',
        details: { place: join(directory, 'none') },
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('that was written is read as the same zone', () => {
    const text = `${HEAD}Mixed.Case A 192.0.2.1\na\\000\\.b TXT "x\\"" \\# \n*.w CNAME \\064\nu TYPE99 \\# 1 ff\nsub NS ns.sub\nns.sub AAAA 2001:db8::1\n`;
    const zone = parseZone(text, { origin: 'ex.test' });
    const written = formatZone(zone);
    expect(formatZone(parseZone(written, { origin: 'EX.test.' }))).toBe(written);
    const again = createZone({ origin: zone.origin, records: zone });
    expect(formatZone(again)).toBe(written);
  });
});
