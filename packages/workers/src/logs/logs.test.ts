import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope, type Scope } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LogLine, LogQuery, Logs } from './contract.ts';
import { createLogs } from './logs.ts';

const SPEC = {
  mode: 'file',
  maxBytes: 4_096,
  maxFiles: 5,
  maxAgeMs: undefined,
  isCompressed: true,
  rateLimit: undefined,
  forward: undefined,
} as const;
const WEB = { worker: 'web', number: 0 };
const DATABASE = { worker: 'database', number: 1 };

function text(line: LogLine | undefined): string {
  return Buffer.from(line?.bytes ?? []).toString();
}

describe('Logs', () => {
  let home: string;
  let logs: Logs;
  let scope: Scope;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'roundhouse-logs-'));
    logs = createLogs({ runDirectory: join(home, 'run'), directory: join(home, 'logs') });
    scope = createScope();
  });

  afterEach(() => {
    scope.end();
    rmSync(home, { recursive: true });
  });

  async function read(query: Partial<LogQuery>): Promise<string[]> {
    return (await logs.read({ instances: [WEB], limit: 100, ...query }, scope)).map(text);
  }

  it('tells the daemon how output is kept, and makes where it goes', async () => {
    await logs.configure(WEB, SPEC);
    expect(JSON.parse(readFileSync(join(home, 'run/logd/web.0.json'), 'utf8'))).toMatchObject({
      instance: WEB,
      log: { mode: 'file', maxBytes: 4_096 },
    });
    expect(existsSync(join(logs.filesOf(WEB).stdout, '..'))).toBe(true);
    await logs.release(WEB);
    expect([existsSync(join(home, 'run/logd/web.0.json')), existsSync(join(home, 'logs/web/0'))]).toEqual([
      false,
      true,
    ]);
  });

  it('refuses a log directory that cannot be one', async () => {
    writeFileSync(join(home, 'logs'), '');
    await expect(logs.configure(WEB, SPEC)).rejects.toMatchObject({ code: 'WORKER_LOG_DIRECTORY', status: 503 });
    await expect(read({})).rejects.toMatchObject({ code: 'WORKER_LOG_DIRECTORY' });
  });

  it('refuses a run directory that cannot be one', async () => {
    writeFileSync(join(home, 'run'), '');
    await expect(logs.configure(WEB, SPEC)).rejects.toMatchObject({ code: 'WORKER_RUN_DIRECTORY' });
  });

  it('has nothing of an instance that has written nothing', async () => {
    expect([await read({}), await logs.size(WEB)]).toEqual([[], 0]);
  });

  it('reads files that workers write themselves, by their last change', async () => {
    await logs.configure(WEB, SPEC);
    await logs.configure(DATABASE, SPEC);
    writeFileSync(logs.filesOf(WEB).stdout, 'web 1\nweb 2\n');
    writeFileSync(logs.filesOf(WEB).stderr, 'web error');
    writeFileSync(logs.filesOf(DATABASE).stdout, 'database\n');
    utimesSync(logs.filesOf(WEB).stdout, 10, 10);
    utimesSync(logs.filesOf(WEB).stderr, 30, 30);
    utimesSync(logs.filesOf(DATABASE).stdout, 20, 20);
    const instances = [WEB, DATABASE];
    expect(await read({ instances })).toEqual(['web 1', 'web 2', 'database', 'web error']);
    expect(await read({ instances, limit: 2 })).toEqual(['database', 'web error']);
    expect(await read({ instances, stream: 'stdout' })).toEqual(['web 1', 'web 2', 'database']);
    expect(await read({ instances, sinceMs: 20_000 })).toEqual(['database', 'web error']);
    expect(await read({ instances, untilMs: 19_999, pattern: '2$' })).toEqual(['web 2']);
    expect(await logs.size(WEB)).toBe(21);
    const [line] = await logs.read({ instances: [DATABASE], limit: 1 }, scope);
    expect(line).toEqual({
      instance: DATABASE,
      stream: 'stdout',
      at: 20_000,
      bytes: Buffer.from('database'),
      isCut: false,
    });
  });

  it('gives what is shown of lines, and looks for patterns in that alone', async () => {
    await logs.configure(WEB, SPEC);
    writeFileSync(logs.filesOf(WEB).stdout, 'card 4111\nnone\n');
    const shown = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString().replace(/\d/g, '*'));
    expect(await read({ shown })).toEqual(['card ****', 'none']);
    expect(await read({ shown, pattern: '4111' })).toEqual([]);
    expect(await read({ shown, pattern: '[*]{4}' })).toEqual(['card ****']);
    const lines = logs.follow({ instances: [WEB], sinceMs: 0, shown, pattern: 'card' }, scope)[Symbol.asyncIterator]();
    expect(text((await lines.next()).value as LogLine)).toBe('card ****');
  });

  it('gives no more of giant lines than fits', async () => {
    await logs.configure(WEB, SPEC);
    writeFileSync(logs.filesOf(WEB).stdout, `${'x'.repeat(1_000_000)}\n`.repeat(40));
    const lines = await read({ limit: 40 });
    expect(lines.length).toBe(33);
  });

  it('follows from the present end, both streams, also in a file that is emptied', async () => {
    await logs.configure(WEB, SPEC);
    const { stdout, stderr } = logs.filesOf(WEB);
    writeFileSync(stdout, 'old\n');
    const lines = logs.follow({ instances: [WEB] }, scope)[Symbol.asyncIterator]();
    appendFileSync(stdout, 'one\n');
    expect(text((await lines.next()).value)).toBe('one');
    appendFileSync(stderr, 'two\n');
    expect(await lines.next()).toMatchObject({ value: { stream: 'stderr', isCut: false }, done: false });
    truncateSync(stdout);
    appendFileSync(stdout, '3\n');
    expect(text((await lines.next()).value)).toBe('3');
    const waiting = lines.next();
    scope.end();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });

  it('follows from a time on, what is asked for only', async () => {
    await logs.configure(WEB, SPEC);
    const { stdout } = logs.filesOf(WEB);
    writeFileSync(stdout, '{"level":"info"}\n{"level":"error","n":1}\n');
    const lines = logs.follow({ instances: [WEB], sinceMs: 0, level: 'warn' }, scope)[Symbol.asyncIterator]();
    appendFileSync(stdout, '{"level":"debug"}\n{"level":60}\n');
    expect([text((await lines.next()).value), text((await lines.next()).value)]).toEqual([
      '{"level":"error","n":1}',
      '{"level":60}',
    ]);
    await lines.return?.();
  });
});
