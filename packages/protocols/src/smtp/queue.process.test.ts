import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope } from '@roundhouse/core';
import { startPeer } from '@roundhouse/testing';
import { expect, it } from 'vitest';
import { readWhole, serveSmtp } from './index.ts';
import { EMPTY, TAKEN } from './queueProcess.fixture.ts';

const ROUNDS = 6;
const CONCURRENCY = 4;
const PROGRAM = fileURLToPath(new URL('./queueProcess.fixture.ts', import.meta.url));

it('a queue that is killed again and again loses no message, and sends one at most once more for each kill', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'roundhouse-killed-'));
  const received = new Map<string, number>();
  const server = await serveSmtp(
    { hostname: 'mx.example.com', limits: { maxMessages: 1_000 } },
    {
      recipient: () => undefined,
      message: async ({ text }, _peer, scope) => {
        const name = /^Subject: (\S+)/.exec(Buffer.from(await readWhole(text, scope)).toString())?.[1] ?? '';
        received.set(name, (received.get(name) ?? 0) + 1);
        // Long enough for a kill to fall between what is kept and its answer.
        await scope.sleep(15);
        return undefined;
      },
    },
  );
  const taken = new Set<string>();
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const isLast = round === ROUNDS;
      const args = [
        '--conditions=source',
        PROGRAM,
        directory,
        String(server.port),
        `r${round}`,
        isLast ? '0' : '100000',
      ];
      const peer = await startPeer(process.execPath, args);
      let output = '';
      peer.onOutput((text) => (output += text));
      const deadline = createScope({ timeoutMs: 50_000 });
      // It is killed in the middle of its work: when so many have been taken, each round at another place.
      const isDue = (): boolean => (isLast ? output.includes(EMPTY) : output.split(TAKEN).length > 12 + round * 7);
      while (!isDue()) {
        if (peer.exit !== undefined) throw peer.failure('it ended by itself');
        await deadline.race(new Promise((resolve) => setTimeout(resolve, 2)));
      }
      if (isLast) await peer.exited;
      else {
        peer.kill();
        await peer.exited;
      }
      const whole = output.slice(0, output.lastIndexOf('\n') + 1);
      for (const line of whole.split('\n')) if (line.startsWith(TAKEN)) taken.add(line.slice(TAKEN.length));
    }
    expect(taken.size).toBeGreaterThan(12 * ROUNDS);
    expect([...taken].filter((name) => !received.has(name))).toEqual([]);
    const again = [...received.values()].reduce((sum, count) => sum + count - 1, 0);
    expect(again).toBeLessThanOrEqual(ROUNDS * CONCURRENCY);
    expect(Math.max(...received.values())).toBeLessThanOrEqual(ROUNDS + 1);
    // Were nothing ever sent twice, no kill would have met a message on its way: the test would show nothing.
    expect(again).toBeGreaterThan(0);
  } finally {
    server.abort();
    await rm(directory, { recursive: true, force: true });
  }
}, 120_000);
