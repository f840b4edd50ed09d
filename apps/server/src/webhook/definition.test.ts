import { describe, expect, it } from 'vitest';
import { makeEvent } from '../event/record.ts';
import { resolveDefinition, type WebhookDefinition } from './definition.ts';
import { toMessage } from './message.ts';

const SECRET = `whsec_${'A'.repeat(32)}`;
const event = (type: string, subject = 's1', data = {}) =>
  makeEvent({ type, subject, data }, { sequence: 42, at: 0, source: '/test' });
const resolved = (rest: Partial<WebhookDefinition>) =>
  resolveDefinition({ id: 'w', url: 'https://example.com', secret: SECRET, ...rest }, [], async () => SECRET);

describe('what a webhook wants', () => {
  it.each([
    [undefined, 'session.created', true],
    [['*'], 'session.created', true],
    [['session.*'], 'session.created', true],
    [['session.*'], 'sessions.created', false],
    [['roundhouse.session.*'], 'session.created', true],
    [['session.created'], 'session.created', true],
    [['session.created'], 'session.closed', false],
    [['session.creat'], 'session.created', false],
  ])('%o takes %s: %s', async (events, type, isWanted) => {
    const { wants } = await resolved(events === undefined ? {} : { events: [...events] });
    expect(wants(event(type))).toBe(isWanted);
  });

  it('is only about its subjects', async () => {
    const { wants } = await resolved({ subjects: ['s1'] });
    expect([wants(event('session.created', 's1')), wants(event('session.created', 's2'))]).toEqual([true, false]);
  });

  it('is a test of itself whatever it wants else, and none of another', async () => {
    const { wants } = await resolved({ events: ['session.*'] });
    expect([wants(event('webhook.test', 'w')), wants(event('webhook.test', 'v'))]).toEqual([true, false]);
    expect((await resolved({})).wants(event('webhook.test', 'v'))).toBe(false);
  });

  it('is not what became of its own deliveries', async () => {
    const { wants } = await resolved({});
    expect(wants(event('webhook.delivery_failed', 'w'))).toBe(false);
    expect(wants(event('webhook.delivery_failed', 'v'))).toBe(true);
  });
});

describe('secrets', () => {
  it('are looked up where the definition refers to them', async () => {
    const { signer } = await resolved({ secret: ['secret://vault/a', SECRET] });
    const [first, second] = signer.sign('1', 1, '{}').split(' ');
    expect(first).toBe(second);
  });
});

describe('messages', () => {
  it('are the event with what sorts it', () => {
    expect(toMessage(event('webhook.disabled', 'w'))).toMatchObject({
      messageId: '42',
      orderKey: 'w',
      type: 'roundhouse.webhook.disabled',
      body: {
        specversion: '1.0',
        id: '42',
        sequence: '0000000000000042',
        partitionkey: 'w',
        severitytext: 'ERROR',
        severitynumber: 17,
      },
    });
  });

  it('stay under 20 KB: larger data is left out, and said to be', () => {
    const { body } = toMessage(event('session.created', 's', { text: 'x'.repeat(30_000) }));
    expect(body['data']).toEqual({ truncated: true, data_bytes: 30_011 });
  });
});
