import { describe, expect, it } from 'vitest';
import { LuTable } from './lu.ts';

const options = {
  names: ['TERM0001', 'TERM0002'],
  pools: { POOLA: ['A1', 'A2'] },
  generic: { prefix: 'GEN', limit: 2 },
  partners: { TERM0001: 'PRT0001' },
} as const;
const display = { device: 'display' } as const;
const printer = { device: 'printer' } as const;

describe('LuTable', () => {
  it('gives a named LU to one session at a time, whatever the case of its name', () => {
    const table = new LuTable(options);
    expect(table.acquire({ ...display, connect: 'term0001' })).toEqual({ granted: true, lu: 'TERM0001' });
    expect(table.acquire({ ...display, connect: 'TERM0001' })).toEqual({ granted: false, refusal: 'DEVICE_IN_USE' });
    table.release('TERM0001');
    expect(table.acquire({ ...display, connect: 'TERM0001' })).toMatchObject({ granted: true });
  });

  it('gives the first free LU of a pool until none is left', () => {
    const table = new LuTable(options);
    expect(table.acquire({ ...display, connect: 'A1' })).toMatchObject({ lu: 'A1' });
    expect(table.acquire({ ...display, connect: 'POOLA' })).toMatchObject({ lu: 'A2' });
    expect(table.acquire({ ...display, connect: 'POOLA' })).toMatchObject({ refusal: 'DEVICE_IN_USE' });
    table.release('A1');
    expect(table.acquire({ ...display, connect: 'POOLA' })).toMatchObject({ lu: 'A1' });
  });

  it('makes up generic names, lowest first, up to the limit', () => {
    const table = new LuTable(options);
    expect(table.acquire(display)).toMatchObject({ lu: 'GEN1' });
    expect(table.acquire(display)).toMatchObject({ lu: 'GEN2' });
    expect(table.acquire(display)).toMatchObject({ refusal: 'DEVICE_IN_USE' });
    table.release('GEN1');
    expect(table.acquire(display)).toMatchObject({ lu: 'GEN1' });
  });

  it('takes generic LUs from a pool when told so', () => {
    const table = new LuTable({ ...options, generic: { pool: 'poola' } });
    expect(table.acquire(display)).toMatchObject({ lu: 'A1' });
  });

  it.each([
    ['an unknown name', { ...display, connect: 'NOBODY' }, 'INV_NAME'],
    ['a name that is none', { ...display, connect: 'TOO LONG A NAME' }, 'INV_NAME'],
    ['a printer that asks for nothing', printer, 'INV_DEVICE_TYPE'],
    ['a printer that asks for a terminal', { ...printer, connect: 'TERM0001' }, 'TYPE_NAME_ERROR'],
    ['a printer that asks for the partner of a terminal', { ...printer, connect: 'PRT0001' }, 'CONN_PARTNER'],
    ['a display that asks for a printer', { ...display, connect: 'PRT0001' }, 'TYPE_NAME_ERROR'],
    ['a display that wants to be associated', { ...display, associate: 'TERM0001' }, 'INV_ASSOCIATE'],
    ['a printer that wants to be associated', { ...printer, associate: 'TERM0001' }, 'UNSUPPORTED_REQ'],
  ])('refuses %s with the reason of RFC 2355', (_, request, refusal) => {
    expect(new LuTable(options).acquire(request)).toEqual({ granted: false, refusal });
  });

  it('refuses a name as an unsupported request when the host has no names at all', () => {
    expect(new LuTable().acquire({ ...display, connect: 'ANY' })).toMatchObject({ refusal: 'UNSUPPORTED_REQ' });
    expect(new LuTable().acquire(display)).toEqual({ granted: true, lu: 'TCP0001' });
  });

  it.each([
    { names: ['A', 'a'] },
    { names: ['TOOLONGNAME'] },
    { names: ['A'], pools: { P: ['A'] } },
    { pools: { P: ['P'] } },
    { generic: { pool: 'NONE' } },
    { generic: { prefix: 'LONGPRE', limit: 100 } },
    { partners: { T: 'P' } },
  ])('refuses the table %j', (bad) => {
    expect(() => new LuTable(bad)).toThrow(expect.objectContaining({ code: 'LU_TABLE_INVALID' }));
  });
});
