import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type RoundhouseError } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DeliveryFailure,
  type MailQueue,
  type MailQueueOptions,
  openMailQueue,
  readWhole,
  type SendMail,
} from './index.ts';

let directory: string;
let clock: FakeClock;
let open: MailQueue | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'roundhouse-queue-'));
  clock = new FakeClock();
});
afterEach(async () => {
  await open?.close(0);
  open = undefined;
  await rm(directory, { recursive: true, force: true });
});

const ENVELOPE = { from: 'a@example.com', to: ['b@example.com', 'c@example.com'] };
const accepted = (address: string) => ({ address, code: 250, enhanced: null, text: 'ok' });
const REPLY = { code: 250, enhanced: null, lines: ['ok'] };

interface Sent {
  readonly to: readonly string[];
  readonly text: string;
}

/** A server that answers as it is told, in turn; the last answer again and again. */
function server(...answers: readonly (RoundhouseError | 'ok' | { readonly refused: string; readonly code: number })[]) {
  const sent: Sent[] = [];
  const send: SendMail = async (envelope, message, scope) => {
    const text = Buffer.from(await readWhole(message, scope)).toString();
    const to = envelope.to.map((each) => (typeof each === 'string' ? each : each.address));
    const answer = answers[Math.min(sent.length, answers.length - 1)];
    sent.push({ to, text });
    if (answer instanceof Error) throw answer;
    if (answer === 'ok' || answer === undefined) return { accepted: to.map(accepted), refused: [], reply: REPLY };
    const { refused, code } = answer;
    return {
      accepted: to.filter((each) => each !== refused).map(accepted),
      refused: to.filter((each) => each === refused).map((each) => ({ ...accepted(each), code })),
      reply: REPLY,
    };
  };
  return { sent, send };
}

async function start(options: Partial<MailQueueOptions> & { readonly send: SendMail }): Promise<MailQueue> {
  open = await openMailQueue({ directory, failed: () => {}, ...options }, { clock, random: () => 1 });
  return open;
}

/** Files are not of the clock: waits until it holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 8_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const files = (): Promise<string[]> => readdir(join(directory, 'messages'));

describe('a queue of mail', () => {
  it('sends what it is given, and forgets it then', async () => {
    const { sent, send } = server('ok');
    const queue = await start({ send });
    await queue.enqueue(ENVELOPE, 'hello\r\n');
    await until(async () => (await files()).length === 0);
    expect(sent).toEqual([{ to: ENVELOPE.to, text: 'hello\r\n' }]);
    expect(queue.list()).toEqual([]);
  });

  it('tries again later what was not taken, each time later, and only for whom it was not', async () => {
    const busy = netError('PEER_UNAVAILABLE', { remote: { status: '451', text: 'later' } });
    const { sent, send } = server(busy, { refused: 'c@example.com', code: 450 }, 'ok');
    const queue = await start({ send, schedule: { initialMs: 1_000, maxMs: 10_000 } });
    await queue.enqueue(ENVELOPE, 'x');
    await until(() => queue.list()[0]?.attempts === 1);
    expect(queue.list()[0]).toMatchObject({
      nextAttemptAt: clock.now() + 1_000,
      lastAnswer: expect.stringContaining('451'),
    });
    await clock.advance(999);
    expect(sent).toHaveLength(1);
    await clock.advance(1);
    await until(() => queue.list()[0]?.attempts === 2);
    await clock.advance(2_000);
    await until(() => queue.list().length === 0);
    expect(sent.map(({ to }) => to)).toEqual([ENVELOPE.to, ENVELOPE.to, ['c@example.com']]);
  });

  it('gives up what is refused for good, and says so before it forgets', async () => {
    const { send } = server({ refused: 'b@example.com', code: 550 });
    const failures: DeliveryFailure[] = [];
    const texts: string[] = [];
    const queue = await start({
      send,
      failed: async (failure, scope) => {
        const names = await files();
        expect(names).toHaveLength(2);
        // Whoever has got it is no longer on the disk: a kill now would not send it there again.
        const entry = names.find((name) => name.endsWith('.json')) as string;
        const kept = JSON.parse(await readFile(join(directory, 'messages', entry), 'utf8')) as { envelope: unknown };
        expect(kept.envelope).toMatchObject({ to: [{ address: 'b@example.com' }] });
        failures.push(failure);
        texts.push(Buffer.from(await readWhole(failure.text, scope)).toString());
      },
    });
    await queue.enqueue(ENVELOPE, 'x');
    await until(async () => (await files()).length === 0);
    expect(failures).toMatchObject([{ attempts: 1, recipients: [{ address: 'b@example.com', code: 550 }] }]);
    expect(failures[0]?.envelope.to).toEqual([{ address: 'b@example.com' }]);
    expect(texts).toEqual(['x']);
  });

  it('gives up what is not taken for five days', async () => {
    const { sent, send } = server(netError('CONNECT_REFUSED', { peer: 'mx:25' }));
    const failures: DeliveryFailure[] = [];
    const queue = await start({ send, failed: (failure) => void failures.push(failure) });
    await queue.enqueue(ENVELOPE, 'x');
    await until(() => queue.list()[0]?.attempts === 1);
    for (let round = 2; queue.list().length > 0 && round < 200; round++) {
      const wait = (queue.list()[0]?.nextAttemptAt ?? 0) - clock.now();
      await clock.advance(wait);
      await until(() => queue.list().length === 0 || queue.list()[0]?.attempts === round);
    }
    expect(failures[0]?.recipients).toMatchObject([
      { address: 'b@example.com', code: 451, enhanced: '4.4.1' },
      { address: 'c@example.com', code: 451 },
    ]);
    // 5, 10, 20, 40 minutes, then every hour.
    expect(sent.length).toBeGreaterThan(115);
    expect(sent.length).toBeLessThan(130);
  }, 30_000);

  it('says again what nobody could hear', async () => {
    const { send } = server(netError('PEER_REFUSED', { remote: { status: '554', text: 'no' } }));
    let told = 0;
    const queue = await start({
      send,
      schedule: { initialMs: 1_000 },
      failed: () => {
        told++;
        if (told === 1) throw new Error('nobody listens');
      },
    });
    await queue.enqueue(ENVELOPE, 'x');
    await until(() => told === 1 && queue.list()[0]?.attempts === 1 && clock.pendingTimers > 0);
    expect(await files()).toHaveLength(2);
    await clock.advance(1_000);
    await until(async () => told === 2 && (await files()).length === 0);
  });

  it('goes on where it was when it is opened again', async () => {
    const busy = netError('PEER_UNAVAILABLE', { remote: { status: '451', text: 'later' } });
    const first = await start({ send: server({ refused: 'c@example.com', code: 450 }).send });
    await first.enqueue({ ...ENVELOPE, dsn: { envelopeId: 'q1' } }, 'x');
    await until(() => first.list()[0]?.attempts === 1);
    const before = first.list();
    await first.close();
    expect(clock.pendingTimers).toBe(0);

    const { sent, send } = server(busy, 'ok');
    const second = await start({ send });
    expect(second.list()).toEqual(before);
    await clock.advance(60_000);
    expect(sent).toEqual([]);
    second.flush();
    await until(() => second.list()[0]?.attempts === 2);
    await clock.advance(600_000);
    await until(async () => (await files()).length === 0);
    expect(sent.map(({ to }) => to)).toEqual([['c@example.com'], ['c@example.com']]);
  });

  it('is bounded in messages and bytes, and keeps nothing of what it does not take', async () => {
    const { send } = server(netError('CONNECT_REFUSED', { peer: 'mx:25' }));
    const queue = await start({ send, maxMessages: 2, maxBytes: 10 });
    await queue.enqueue(ENVELOPE, '12345');
    await expect(queue.enqueue(ENVELOPE, '123456')).rejects.toMatchObject({ code: 'MAIL_QUEUE_FULL' });
    await queue.enqueue(ENVELOPE, '12345');
    await expect(queue.enqueue(ENVELOPE, '')).rejects.toMatchObject({ code: 'MAIL_QUEUE_FULL' });
    expect(await files()).toHaveLength(4);
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
  });

  it('keeps nothing of a message whose source fails, or whose envelope is wrong', async () => {
    const queue = await start({ send: server('ok').send });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half');
      throw new Error('the disk is gone');
    }
    await expect(queue.enqueue(ENVELOPE, broken())).rejects.toThrow('the disk is gone');
    await expect(queue.enqueue({ from: 'x', to: ['b@c'] }, 'x')).rejects.toMatchObject({ code: 'ADDRESS_INVALID' });
    await expect(queue.enqueue({ from: '', to: [] }, 'x')).rejects.toMatchObject({ code: 'ADDRESS_INVALID' });
    const ended = createScope();
    ended.end();
    await expect(queue.enqueue(ENVELOPE, 'x', ended)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await files()).toEqual([]);
  });

  it('belongs to one', async () => {
    await start({ send: server('ok').send });
    const second = openMailQueue({ directory, send: server('ok').send, failed: () => {} }, { clock, random: () => 0 });
    await expect(second).rejects.toMatchObject({ code: 'MAIL_QUEUE_IN_USE' });
  });

  it('takes nothing when it is closed, and ends the attempt under way in time', async () => {
    let isCalled = false;
    const queue = await start({
      send: (_envelope, _message, scope) => {
        isCalled = true;
        return scope.race(new Promise(() => {}));
      },
    });
    await queue.enqueue(ENVELOPE, 'x');
    await until(() => isCalled);
    const closing = queue.close(1_000);
    await clock.advance(1_000);
    await closing;
    await expect(queue.enqueue(ENVELOPE, 'x')).rejects.toMatchObject({ code: 'MAIL_QUEUE_CLOSED' });
    expect(await files()).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
    const entry = (await files()).find((name) => name.endsWith('.json')) as string;
    expect(JSON.parse(await readFile(join(directory, 'messages', entry), 'utf8'))).toMatchObject({ attempts: 0 });
  });

  it('sets aside what it cannot read, and removes what was never finished', async () => {
    const first = await start({ send: server(netError('CONNECT_REFUSED', { peer: 'mx:25' })).send });
    await first.enqueue(ENVELOPE, 'x');
    await first.close();
    await writeFile(join(directory, 'messages', 'HALF.eml'), 'text without an entry');
    await writeFile(join(directory, 'messages', 'BAD.json'), '{"id":"BAD"');
    await writeFile(join(directory, 'messages', 'BAD.eml'), 'its text');
    await writeFile(join(directory, 'messages', 'NONE.json'), '{"id":"NONE"}');
    await writeFile(join(directory, 'tmp', 'X.json'), '{');
    const { sent, send } = server('ok');
    const second = await start({ send });
    second.flush();
    await until(() => second.list().length === 0);
    expect(sent).toHaveLength(1);
    expect((await readdir(join(directory, 'broken'))).toSorted()).toEqual(['BAD.json', 'NONE.json']);
    await until(async () => (await files()).join() === 'BAD.eml');
    expect(await readdir(join(directory, 'tmp'))).toEqual([]);
  });
});
