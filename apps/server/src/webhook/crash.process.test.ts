import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { openStandardReceiver } from './standardReceiver.fixture.ts';

const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes....').toString('base64')}`;
const PROGRAM = fileURLToPath(new URL('./publisherProcess.fixture.ts', import.meta.url));
const LIVES = 6;
/** Durable events at which a life ends. */
const EVENTS_A_LIFE = 150;

const folder = mkdtempSync(join(tmpdir(), 'roundhouse-webhook-'));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function start(url: string, count: number) {
  const args = ['--conditions=source', PROGRAM, join(folder, 'store.db'), url, SECRET, String(count)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return { child, lines: createInterface(child.stdout) };
}

describe('a process killed between event and delivery', () => {
  it('has lost none of the events that were durable', async () => {
    await using receiver = await openStandardReceiver({ secret: SECRET });
    // Answers late, so that there is always something on its way.
    receiver.answer = (response) => void setTimeout(() => response.writeHead(204).end(), 2);
    let durable = 0;
    for (let life = 0; life < LIVES; life++) {
      const before = durable;
      const { child, lines } = start(receiver.url, 1_000_000);
      for await (const line of lines) {
        durable = Math.max(durable, Number(line));
        if (durable >= before + EVENTS_A_LIFE + 37 * life && !child.killed) child.kill('SIGKILL');
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      expect(child.signalCode).toBe('SIGKILL');
    }
    const missing = (): number[] => {
      const ids = new Set(receiver.received.map(({ id }) => Number(id)));
      return Array.from({ length: durable }, (_, index) => index + 1).filter((id) => !ids.has(id));
    };
    // The lives alone have not brought all: the last one has something to make good.
    expect(missing().length).toBeGreaterThan(0);
    receiver.answer = (response) => response.writeHead(204).end();
    const { child } = start(receiver.url, 0);
    while (missing().length > 0) await receiver.waitFor(receiver.received.length + 1);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(missing()).toEqual([]);
    expect(receiver.rejected).toEqual([]);
  });
});
