import { describe, expect, it } from 'vitest';
import { labelled } from './labelled.ts';
import type { PublishOptions } from './record.ts';

const SOURCE = {
  session: (id: string) => (id === 's1' ? { env: 'prod' } : undefined),
  place: ({ endpoint, group }: { readonly endpoint?: string; readonly group?: string }) => ({
    ...(group === undefined ? {} : { group }),
    ...(endpoint === undefined ? {} : { endpoint }),
  }),
};

function optionsOf(type: string, subject: string, data = {}): PublishOptions | undefined {
  const told: unknown[][] = [];
  labelled({ publish: (...args: unknown[]) => void told.push(args) as never }, SOURCE).publish(type, subject, data);
  expect(told[0]?.slice(0, 3)).toEqual([type, subject, data]);
  return told[0]?.[3] as PublishOptions;
}

describe('an event of the gateway', () => {
  it.each([
    ['session.active', 's1', {}, { env: 'prod' }],
    ['operation.completed', 'o1', { session_id: 's1', endpoint: 'e1' }, { env: 'prod' }],
    ['operation.completed', 'o1', { session_id: null, endpoint: 'e1' }, { endpoint: 'e1' }],
    ['terminal.logged_off', 'GW000001', { session_id: 's1' }, { env: 'prod' }],
    ['endpoint.health_changed', 'e1', {}, { endpoint: 'e1' }],
    ['pool.filled', 'g1', {}, { group: 'g1' }],
  ])('%s of %s has the labels of what it is about', (type, subject, data, labels) => {
    expect(optionsOf(type, subject, data)).toEqual({ labels });
  });

  it('has those that a session had last when that is gone', () => {
    const told: PublishOptions[] = [];
    let labels: Record<string, string> | undefined = { env: 'dev' };
    const events = labelled(
      { publish: (_type, _subject, _data, options) => void told.push(options as PublishOptions) as never },
      { ...SOURCE, session: () => labels },
    );
    events.publish('session.created', 's1');
    labels = { env: 'prod' };
    events.publish('session.migrated', 's1');
    labels = undefined;
    events.publish('session.closed', 's1');
    events.publish('session.closed', 's2');
    expect(told).toEqual([{ labels: { env: 'dev' } }, { labels: { env: 'prod' } }, { labels: { env: 'prod' } }, {}]);
  });

  it.each([
    ['session.closed', 'gone', {}],
    ['operation.failed', 'o1', { session_id: 'gone', endpoint: 'e1' }],
    ['operation.failed', 'o1', { session_id: null, endpoint: null }],
    ['terminal.logged_off', 'GW000001', { session_id: null }],
    ['limit.near', 'sessions', {}],
  ])('%s of %s has none where there are none', (type, subject, data) => {
    expect(optionsOf(type, subject, data)).toEqual({});
  });
});
