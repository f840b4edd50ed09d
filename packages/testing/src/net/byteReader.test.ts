import { createScope } from '@roundhouse/core';
import { ByteReader, createMemoryPair, type Transport } from '@roundhouse/net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../clock.ts';

function pair(): { reader: ByteReader; far: Transport; clock: FakeClock } {
  const clock = new FakeClock();
  const [near, far] = createMemoryPair({ clock });
  far.start({ data() {}, ended() {}, closed() {} });
  return { reader: new ByteReader(near, { protocol: 'test' }), far, clock };
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('latin1');
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('a byte reader', () => {
  it('gives the same lines however what arrives is cut', async () => {
    const lines = fc.array(
      fc.string({ maxLength: 40 }).map((line) => line.replace(/[\r\n]/g, '.')),
      { maxLength: 20 },
    );
    const cuts = fc.array(fc.integer({ min: 1, max: 64 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(lines, cuts, async (wanted, sizes) => {
        const { reader, far } = pair();
        const bytes = Buffer.from(wanted.map((line, index) => `${line}${index % 2 === 0 ? '\r\n' : '\n'}`).join(''));
        const scope = createScope();
        const read = (async () => {
          const got: string[] = [];
          for (let index = 0; index < wanted.length; index += 1)
            got.push(Buffer.from(await reader.line(1_000, scope)).toString());
          return got;
        })();
        for (let at = 0, index = 0; at < bytes.length; index += 1) {
          const size = sizes[index] ?? bytes.length;
          far.write(Buffer.from(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(await read).toEqual(wanted);
        expect(reader.buffered).toBe(0);
        far.destroy();
      }),
      { numRuns: 60 },
    );
  });

  it('gives exactly what was asked for, and the rest to the next', async () => {
    const { reader, far } = pair();
    const scope = createScope();
    far.write(Buffer.from('abcdef\r\nrest'));
    expect(text(await reader.exactly(4, scope))).toBe('abcd');
    expect(text(await reader.line(10, scope))).toBe('ef');
    expect(text(await reader.some(2, scope))).toBe('re');
    expect(text(reader.takeAll())).toBe('st');
    far.destroy();
  });

  it('bounds a line, whether its end has come or not', async () => {
    const scope = createScope();
    for (const bytes of ['123456789\n', '1234567890123']) {
      const { reader, far } = pair();
      far.write(Buffer.from(bytes));
      await expect(reader.line(8, scope)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE', phase: 'read' });
      far.destroy();
    }
  });

  it('gives what has come before the end, then says that it is over', async () => {
    const { reader, far } = pair();
    const scope = createScope();
    far.write(Buffer.from('one\ntwo'));
    void far.close();
    expect(text(await reader.line(10, scope))).toBe('one');
    await expect(reader.line(10, scope)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(text(await reader.some(10, scope))).toBe('two');
    expect(await reader.some(10, scope)).toBeUndefined();
    expect(reader.isOver).toBe(true);
  });

  it('rejects a wait with the reason of its scope, and keeps what comes later for the next', async () => {
    const { reader, far } = pair();
    const scope = createScope();
    const waiting = reader.line(10, scope);
    scope.end();
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    far.write(Buffer.from('late\n'));
    expect(text(await reader.line(10, createScope()))).toBe('late');
    far.destroy();
  });

  it('holds the peer back while nobody reads', async () => {
    const { reader, far } = pair();
    for (let written = 0; written < 4_000_000; written += 65_536) {
      far.write(Buffer.alloc(65_536));
      await turns(2);
    }
    expect(reader.buffered).toBeLessThan(1_000_000);
    expect(far.bufferedBytes).toBeGreaterThan(1_000_000);
    let read = 0;
    while (read < 4_000_000) read += (await reader.some(1_000_000, createScope()))?.byteLength ?? 0;
    expect(far.bufferedBytes).toBe(0);
    far.destroy();
  });

  it('refuses a second reader', async () => {
    const { reader, far } = pair();
    const first = reader.line(10, createScope());
    await expect(reader.line(10, createScope())).rejects.toMatchObject({ code: 'INTERNAL' });
    far.write(Buffer.from('x\n'));
    expect(text(await first)).toBe('x');
    far.destroy();
  });
});
