import { createScope } from '@roundhouse/core';
import { connectTcp, type Transport } from '@roundhouse/net';
import { describe, expect, it } from 'vitest';
import { serveHost } from './host.ts';
import { defineScreen } from './screen.ts';
import { classicScript, PlainTerminal } from './terminal.fixture.ts';

const Hello = defineScreen({ fields: [{ row: 1, column: 2, text: 'HELLO' }] });

async function connect(port: number): Promise<PlainTerminal> {
  const transport: Transport = await connectTcp({ host: '127.0.0.1', port }, createScope({ timeoutMs: 5_000 }));
  return new PlainTerminal(transport, classicScript('IBM-3278-2'));
}

describe('serveHost', () => {
  it('serves terminals side by side, each with an LU of its own', async () => {
    const lus: string[] = [];
    await using host = await serveHost({ port: 0 }, async (terminal) => {
      lus.push(terminal.lu);
      await terminal.show(Hello);
    });
    const [first, second] = await Promise.all([connect(host.port), connect(host.port)]);
    await Promise.all([first.next(), second.next()]);
    expect(lus.toSorted()).toEqual(['TCP0001', 'TCP0002']);
    expect(host.terminalCount).toBe(2);
    first.record('6d');
    expect(await first.next()).toBe('closed');
    second.record('6d');
    expect(await second.next()).toBe('closed');
    await host.drain(5_000);
    expect([host.terminalCount, host.heldLus]).toEqual([0, []]);
  });

  it('ends the sessions that are left when it closes, and closes twice', async () => {
    const host = await serveHost({ port: 0 }, async (terminal) => void (await terminal.show(Hello)));
    const terminal = await connect(host.port);
    await terminal.next();
    await host.close();
    await host.close();
    expect(await terminal.next()).toBe('closed');
    expect([host.terminalCount, host.heldLus]).toEqual([0, []]);
  });

  it.each([
    [{ pluName: 'MUCH TOO LONG' }, 'HOST_OPTION_INVALID'],
    [{ idleTimeoutMs: 0 }, 'HOST_OPTION_INVALID'],
    [{ maxRecordBytes: 1.5 }, 'HOST_OPTION_INVALID'],
    [{ codePage: 'none' }, 'CODE_PAGE_UNKNOWN'],
    [{ lus: { names: ['A', 'A'] } }, 'LU_TABLE_INVALID'],
  ])('refuses %j', async (options, code) => {
    await expect(serveHost({ port: 0, ...options }, async () => {})).rejects.toMatchObject({ code });
  });
});
