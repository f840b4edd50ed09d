import { describe, expect, it } from 'vitest';
import { parseZone } from '../zone/text.ts';
import type { Zone } from '../zone/zone.ts';
import { isNewer, ZoneHistory } from './history.ts';

const HOSTS = Array.from({ length: 60 }, (_, at) => `host${at} A 192.0.2.${at}\n`).join('');

function zone(serial: number, more = ''): Zone {
  return parseZone(`$TTL 1\n@ SOA . . ${serial} 2 3 4 5\n@ NS a.\n${HOSTS}${more}`, { origin: 'ex.test' });
}

describe('The history of a zone', () => {
  it.each([
    // RFC 1982 §3.2, around the end of the range.
    [2, 1, true],
    [1, 1, false],
    [1, 2, false],
    [0, 4_294_967_295, true],
    [4_294_967_295, 0, false],
    [0x7fff_ffff, 0, true],
    [0x8000_0000, 0, false],
  ])('has serial %i newer than %i: %s', (serial, than, expected) => {
    expect(isNewer(serial, than)).toBe(expected);
  });

  it('tells what has changed since a version that it knows, and nothing before it knows the present one', async () => {
    const history = new ZoneHistory();
    const [one, two, three] = [zone(1), zone(2, 'a A 192.0.2.100'), zone(3)];
    await history.record(one, two);
    expect(history.since(two, 1)).toMatchObject([{ from: 1, to: 2, added: { length: 1 }, removed: { length: 0 } }]);
    expect(history.since(three, 1)).toBeUndefined();
    await history.record(two, three);
    expect(history.since(three, 1)?.map(({ from, to }) => [from, to])).toEqual([
      [1, 2],
      [2, 3],
    ]);
    expect(history.since(three, 7)).toBeUndefined();
    history.forget(three.wireOrigin);
    expect(history.since(three, 2)).toBeUndefined();
  });

  it('keeps so many versions, and none that is larger than the zone', async () => {
    const history = new ZoneHistory();
    for (let serial = 1; serial < 20; serial += 1) await history.record(zone(serial), zone(serial + 1));
    expect(history.since(zone(20), 4)).toHaveLength(16);
    expect(history.since(zone(20), 3)).toBeUndefined();
    const other = parseZone('$TTL 9\n@ SOA . . 21 2 3 4 5\n@ NS a.\n', { origin: 'ex.test' });
    await history.record(zone(20), other);
    expect(history.since(other, 20)).toBeUndefined();
  });
});
