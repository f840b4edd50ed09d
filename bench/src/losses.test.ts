import type { EventRecord } from '@roundhouse/api';
import { describe, expect, it } from 'vitest';
import { followLosses } from './losses.ts';

/** Events of sessions, `TYPE SUBJECT` each, and how many of them have been read. */
function stream(...texts: readonly string[]) {
  let read = 0;
  async function* events(): AsyncGenerator<EventRecord> {
    for (const text of texts) {
      const [type, subject] = text.split(' ') as [string, string];
      read++;
      yield {
        specversion: '1.0',
        id: String(read),
        source: '/test',
        type: `roundhouse.session.${type}`,
        subject,
        time: '2000-01-01T00:00:00.000Z',
        datacontenttype: 'application/json',
        data: {},
      };
    }
  }
  return { events: events(), read: () => read };
}

describe('followLosses', () => {
  it('tells the first loss and the last session that has another host, and reads no further', async () => {
    const { events, read } = stream('host_lost a', 'host_lost b', 'replaced b', 'migrated a', 'closed a');
    expect(await followLosses(events, 2, read)).toEqual({ detectedAt: 1, replacedAt: 4 });
    expect(read()).toBe(4);
  });

  it.each(['error', 'closed'])('gives nothing when one ends by %s', async (end) => {
    const { events, read } = stream('host_lost a', 'replaced a', 'host_lost b', `${end} b`, 'replaced c');
    expect(await followLosses(events, 2, read)).toBeUndefined();
  });

  it('takes a session that has another host and ends for one without', async () => {
    const { events, read } = stream('host_lost a', 'replaced a', 'error a', 'host_lost b', 'replaced b');
    expect(await followLosses(events, 2, read)).toBeUndefined();
  });

  it('gives nothing when the events end before', async () => {
    const { events, read } = stream('host_lost a', 'replaced a', 'host_lost b');
    expect(await followLosses(events, 2, read)).toBeUndefined();
  });
});
