import type { ServerResponse } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, RESPONDED } from '../api.fixture.ts';
import { EXIT } from '../exit.ts';
import { writeLocalServer } from '../home.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

function frame(id: number, data: Record<string, unknown> = {}): string {
  return `id: ${id}\ndata: ${JSON.stringify(event(id, data))}\n\n`;
}

function event(id: number, data: Record<string, unknown>): object {
  const [source, time] = ['/test', '2026-01-01T00:00:00.000Z'];
  const common = { specversion: '1.0', source, time, datacontenttype: 'application/json' };
  return { ...common, id: String(id), type: 'roundhouse.session.created', subject: `ses_${id}`, data };
}

/** Answers the connections in turn. */
function streams(...turns: ReadonlyArray<(response: ServerResponse) => unknown>): void {
  let turn = 0;
  api.replies.streamEvents = (_asked, response) => {
    turns[turn++]?.(response);
    return RESPONDED;
  };
}

/** Stops the watch when so many lines are out. */
function untilLines(count: number): {
  stop: AbortSignal;
  stdout: { write: (text: string) => void };
  text: () => string;
} {
  const controller = new AbortController();
  let text = '';
  const write = (part: string): void => {
    text += part;
    if (text.split('\n').length > count) controller.abort();
  };
  return { stop: controller.signal, stdout: { write }, text: () => text };
}

describe('watch', () => {
  it('writes a readable line an event until it is stopped, and exits with 0', async () => {
    streams((response) => {
      response.writeHead(200);
      response.write(frame(1, { group: 'prod', reason: 'a b', inputs: 2, none: null, evil: '\u001b[2J' }) + frame(2));
    });
    const { text, ...io } = untilLines(2);
    const { code } = await api.cli(['watch', '--type', 'session', 'roundhouse.endpoint', '--subject', 'ses_1'], io);
    expect(code).toBe(EXIT.Ok);
    expect(text().split('\n')).toEqual([
      '2026-01-01T00:00:00.000Z  session.created             ses_1                         ' +
        'group=prod  reason="a b"  inputs=2  none=null  evil=·[2J',
      '2026-01-01T00:00:00.000Z  session.created             ses_2',
      '',
    ]);
    expect(api.asked[0]?.query).toEqual({ types: 'roundhouse.session,roundhouse.endpoint', subject: 'ses_1' });
  });

  it('writes JSON lines', async () => {
    streams((response) => response.writeHead(200).write(frame(1, { a: 1 })));
    const { text, ...io } = untilLines(1);
    await api.cli(['watch', '--json'], io);
    expect(text()).toBe(`${JSON.stringify(event(1, { a: 1 }))}\n`);
  });

  it('goes on behind the last event after a lost connection, and says so once', async () => {
    streams(
      (response) => response.writeHead(200).end(frame(1)),
      (response) => response.destroy(),
      (response) => response.destroy(),
      (response) => response.writeHead(200).write(frame(2)),
    );
    const { text, ...io } = untilLines(2);
    const { code, stderr } = await api.cli(['watch', '--after', '0'], io);
    expect([code, text().match(/ses_\d/g)]).toEqual([EXIT.Ok, ['ses_1', 'ses_2']]);
    expect(stderr).toBe('roundhouse: the connection is lost; trying again\n');
    expect(api.asked.map(({ headers }) => headers['last-event-id'])).toEqual(['0', '1', '1', '1']);
  });

  it('finds the new token of a server that was started again', async () => {
    const home = await mkdtemp(join(tmpdir(), 'roundhouse-watch-'));
    const env = { ROUNDHOUSE_HOME: home };
    api.token = 'first';
    await writeLocalServer(env, { url: api.url, token: 'first' });
    streams(
      async (response) => {
        await writeLocalServer(env, { url: api.url, token: 'second' });
        api.token = 'second';
        response.writeHead(200).end(frame(1));
      },
      (response) => response.writeHead(200).write(frame(2)),
    );
    const { text, ...io } = untilLines(2);
    expect((await api.cli(['watch'], { ...io, env })).code).toBe(EXIT.Ok);
    expect(text().match(/ses_\d/g)).toEqual(['ses_1', 'ses_2']);
    await rm(home, { recursive: true });
  });

  it.each([
    ['exits with 4 when the token is refused', 'other', EXIT.Unauthenticated],
    ['exits with 3 when nothing answers at the beginning', undefined, EXIT.Unreachable],
  ])('%s', async (_title, token, expected) => {
    const env = { ROUNDHOUSE_URL: token === undefined ? 'http://127.0.0.1:1' : api.url, ROUNDHOUSE_TOKEN: 'x' };
    expect((await api.cli(['watch'], { env: { ...env, ROUNDHOUSE_HOME: '/nonexistent' } })).code).toBe(expected);
  });
});
