import type { DeliveryResource } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, webhookOf } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const AT = '2026-01-01T00:00:00.000Z';

function deliveryOf(over: Partial<DeliveryResource> = {}): DeliveryResource {
  return {
    id: 7,
    webhook: 'ops',
    message_id: 'msg_7',
    type: 'roundhouse.session.created',
    status: 'dead',
    attempts: 2,
    created_at: AT,
    next_attempt_at: null,
    last_error: 'RECEIVER_REFUSED',
    ...over,
  };
}

const ATTEMPT = { at: AT, elapsed_ms: 12.4, status: 500, error: null, facts: {} };

describe('webhook commands', () => {
  it('list, show and remove', async () => {
    api.replies.listWebhooks = { items: [webhookOf({ disabled: true, disabled_reason: 'gone' })], next_cursor: null };
    const { stdout } = await api.cli(['webhook', 'list']);
    expect(stdout).toMatch(/^ops +https:\/\/ops\.example\.com\/in +session\.\* +gone +2 +1$/m);
    api.replies.listWebhooks = { items: [], next_cursor: null };
    expect((await api.cli(['webhook', 'list'])).stdout).toContain('roundhouse webhook add URL');
    api.replies.getWebhook = webhookOf();
    expect((await api.cli(['webhook', 'show', 'ops'])).stdout).toMatch(/^dead_letters +1$/m);
    expect((await api.cli(['webhook', 'remove', 'ops'])).stdout).toBe('removed ops\n');
  });

  it('add one, and warn that its secret is shown once', async () => {
    api.replies.createWebhook = { ...webhookOf(), secret: 'whsec_made' };
    const options = ['--id', 'ops', '--event', 'session.*', '--subject', 'a', '--ordered', '--allow-private'];
    const limits = ['--max-parallel', '2', '--timeout', '5s'];
    const { stdout, stderr } = await api.cli(['webhook', 'add', 'http://10.0.0.1/in', ...options, ...limits]);
    expect(stdout).toMatch(/^secret +whsec_made$/m);
    expect(stderr).toContain('the only time');
    expect(api.asked[0]?.body).toEqual({
      url: 'http://10.0.0.1/in',
      id: 'ops',
      events: ['session.*'],
      subjects: ['a'],
      ordered: true,
      allow_private: true,
      max_parallel: 2,
      timeout_ms: 5_000,
    });
  });

  it('take a secret from standard input, not from the command line', async () => {
    api.replies.createWebhook = { ...webhookOf(), secret: null };
    const secret = `whsec_${'A'.repeat(32)}`;
    const stdin = (async function* () {
      yield `${secret}\n`;
    })();
    const { stderr } = await api.cli(['webhook', 'add', 'https://a.example/', '--secret-stdin'], { stdin });
    expect([stderr, api.asked[0]?.body]).toEqual(['', { url: 'https://a.example/', secret }]);
  });

  it('test one, and exit with 8 when the receiver did not take it', async () => {
    api.replies.testWebhook = deliveryOf({ status: 'delivered', last_error: null, log: [{ ...ATTEMPT, status: 204 }] });
    const good = await api.cli(['webhook', 'test', 'ops']);
    expect([good.code, good.stdout]).toEqual([
      EXIT.Ok,
      expect.stringMatching(new RegExp(`^${AT} +12 ms +204 +-$`, 'm')),
    ]);
    api.replies.testWebhook = deliveryOf({ log: [ATTEMPT] });
    expect((await api.cli(['webhook', 'test', 'ops'])).code).toBe(EXIT.Findings);
  });

  it('show deliveries, or one with each attempt', async () => {
    api.replies.listDeliveries = { items: [deliveryOf({ last_error: 'x\u001b[2J' })], next_cursor: 'more' };
    const options = ['--status', 'dead', '--type', 'roundhouse.session', '--since', '1970-01-01', '--limit', '1'];
    const { stdout, stderr } = await api.cli(['webhook', 'deliveries', 'ops', ...options]);
    expect(stdout).toMatch(/^7 +ops +roundhouse\.session\.created +dead +2 +\S+ +- +x·\[2J$/m);
    expect(stderr).toContain('There are more');
    const since = '1970-01-01T00:00:00.000Z';
    expect(api.asked[0]?.query).toEqual({ status: 'dead', type: 'roundhouse.session', since, limit: '1' });
    api.replies.getDelivery = deliveryOf({ log: [ATTEMPT] });
    expect((await api.cli(['webhook', 'deliveries', 'ops', '7'])).stdout).toMatch(/^ATTEMPT +TIME +STATUS +ERROR$/m);
    expect(api.asked.at(-1)?.params).toEqual({ id: 'ops', delivery: '7' });
  });

  it('list the dead letters of all webhooks, page after page', async () => {
    api.replies.listDeadLetters = ({ query }) =>
      query['cursor'] === undefined
        ? { items: [deliveryOf()], next_cursor: 'more' }
        : { items: [deliveryOf({ id: 8 })], next_cursor: null };
    const { stdout } = await api.cli(['webhook', 'dead-letters', '--type', 'a']);
    expect(stdout.split('\n')).toHaveLength(4);
    expect(api.asked.map(({ query }) => query)).toEqual([{ type: 'a' }, { type: 'a', cursor: 'more' }]);
  });

  it('send deliveries again', async () => {
    api.replies.replayDeliveries = { replayed: 1 };
    expect((await api.cli(['webhook', 'replay', 'ops'])).stdout).toBe('1 delivery is sent again\n');
    await api.cli(['webhook', 'replay', 'ops', '--delivery', '7', '--status', 'delivered', '--until', '1970-01-01']);
    expect(api.asked.map(({ body }) => body)).toEqual([
      {},
      { delivery: 7, status: 'delivered', until: '1970-01-01T00:00:00.000Z' },
    ]);
  });
});
