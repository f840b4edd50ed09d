import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditRecordResource, AuditStatus } from '@roundhouse/api';
import { openJournal } from '@roundhouse/audit';
import { silentLogger, systemClock } from '@roundhouse/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Asked, FakeApi, Problem, RESPONDED } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;
let folder: string;
beforeEach(async () => {
  api = await FakeApi.start();
  folder = await mkdtemp(join(tmpdir(), 'audit-cli-'));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

function recordOf(seq: number, over: Partial<AuditRecordResource> = {}): AuditRecordResource {
  return {
    v: 1,
    seq,
    id: `01J${seq}`,
    time: '2026-01-01T00:00:00.000Z',
    boot: '01JB',
    monotonic_ms: seq,
    class: 'access',
    action: 'session.create',
    code: 'RHA-1001',
    phase: 'completed',
    outcome: 'success',
    actor: { type: 'api_key', id: 'key-7', authentication: 'api_key', on_behalf_of: 'ada' },
    resource: { kind: 'session', id: `s-${seq}` },
    source: { address: '192.0.2.7' },
    ...over,
  };
}

function statusOf(
  over: {
    journal?: Partial<AuditStatus['journal']>;
    index?: Partial<AuditStatus['index']>;
    protection?: AuditStatus['protection'];
  } = {},
): AuditStatus {
  return {
    journal: {
      journal: '01JJ',
      state: 'writing',
      first_seq: 0,
      next_seq: 100,
      buffered: 0,
      waiting: 0,
      lost: 0,
      refused: 0,
      epoch: 3,
      public_key: 'roundhouse/01JJ+1+A',
      sinks: [],
      ...over.journal,
    },
    index: {
      state: 'current',
      next_seq: 100,
      journal_next_seq: 100,
      behind: 0,
      lag_ms: 0,
      skipped: 0,
      bytes: 4_096,
      ...over.index,
    },
    protection: over.protection ?? null,
  };
}

const page = (items: readonly AuditRecordResource[], next: string | null = null, behind = 0) => ({
  items: [...items],
  next_cursor: next,
  behind,
});
const asked = (route: Asked['route']): readonly Asked['query'][] =>
  api.asked.filter((each) => each.route === route).map(({ query }) => query);

describe('audit query', () => {
  it('shows a table, page after page up to the limit', async () => {
    api.replies.queryAudit = ({ query }: Asked) =>
      query['cursor'] === undefined
        ? page([recordOf(9), recordOf(8, { phase: 'received', outcome: 'pending' })], 'more')
        : page([recordOf(7, { outcome: 'denied', reason: 'FORBIDDEN\u001b[2J' })], 'yet more');
    const { stdout, stderr, code } = await api.cli(['audit', 'query', '--limit', '3']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^SEQ +TIME +CODE +ACTION +OUTCOME +WHO +WHAT +FROM +REASON$/m);
    expect(stdout).toMatch(
      /^9 +2026-\S+ +RHA-1001 +session.create +success +ada \(key-7\) +session\/s-9 +192.0.2.7 +-$/m,
    );
    expect(stdout).toMatch(/^8 .* asked /m);
    expect(stdout).toMatch(/^7 .* denied .*FORBIDDEN·\[2J$/m);
    expect(stderr).toContain('--limit');
    expect(asked('queryAudit')).toEqual([{ limit: '3' }, { limit: '1', cursor: 'more' }]);
  });

  it('asks for what the options and words say', async () => {
    api.replies.queryAudit = page([], null, 7);
    const options = ['--type', 'session', '--class', 'access', '--outcome', 'denied', '--user', 'ada', '--host', 'h'];
    const more = ['--session', 's-1', '--resource', 'worker/web', '--request', 'r-1', '--oldest'];
    const times = ['--since', '2026-01-31T12:00:00Z', '--until', '2026-02-01T12:00:00Z'];
    const words = ['logon', 'two words', 'app*'];
    const { stdout, stderr } = await api.cli(['audit', 'query', ...options, ...more, ...times, ...words]);
    expect(stdout).toBe('There is no such record.\n');
    expect(stderr).toContain('7 records are not in the index yet');
    expect(asked('queryAudit')).toEqual([
      {
        type: 'session',
        class: 'access',
        outcome: 'denied',
        user: 'ada',
        host: 'h',
        session_id: 's-1',
        resource: 'worker/web',
        request_id: 'r-1',
        order: 'oldest',
        since: '2026-01-31T12:00:00.000Z',
        until: '2026-02-01T12:00:00.000Z',
        q: 'logon "two words" app*',
        limit: '50',
      },
    ]);
  });

  it('gives JSON', async () => {
    api.replies.queryAudit = page([recordOf(1)], 'c');
    const { stdout } = await api.cli(['audit', 'query', '--limit', '1', '--json']);
    expect(JSON.parse(stdout)).toEqual(page([recordOf(1)], 'c'));
  });

  it.each([
    [new Problem(404, 'AUDIT_DISABLED'), EXIT.NotFound],
    [new Problem(403, 'FORBIDDEN'), EXIT.Denied],
    [new Problem(422, 'AUDIT_QUERY_INVALID'), EXIT.Usage],
    [new Problem(503, 'AUDIT_INDEX_UNAVAILABLE'), EXIT.Failure],
  ])('ends with the exit code of %j', async (problem, code) => {
    api.replies.queryAudit = problem;
    const ran = await api.cli(['audit', 'query']);
    expect([ran.code, ran.stdout]).toEqual([code, '']);
    expect(ran.stderr).toContain(problem.code);
  });

  it('refuses what is no class, and names the others', async () => {
    const { code, stderr } = await api.cli(['audit', 'query', '--class', 'secrity']);
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toContain('security');
  });
});

describe('audit tail', () => {
  it('shows the last records, oldest first', async () => {
    api.replies.getAuditStatus = statusOf();
    api.replies.queryAudit = page([recordOf(9), recordOf(8)]);
    const { stdout } = await api.cli(['audit', 'tail', '-n', '2', '--user', 'ada']);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['8', '9', '']);
    expect(asked('queryAudit')).toEqual([{ user: 'ada', limit: '2' }]);
  });

  it('-f goes on behind the last, over a lost connection, without missing or repeating a record', async () => {
    const stop = new AbortController();
    api.replies.getAuditStatus = statusOf({ journal: { next_seq: 10 } });
    const streams = [[11, 12], [13]];
    api.replies.queryAudit = ({ query }: Asked, response) => {
      if (query['follow'] === undefined) return page([recordOf(9)]);
      const seqs = streams.shift() ?? [];
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const seq of seqs) response.write(`id: ${seq}\ndata: ${JSON.stringify(recordOf(seq))}\n\n`);
      if (streams.length > 0) response.end();
      return RESPONDED;
    };
    let printed = '';
    const stdout = {
      write(text: string) {
        printed += text;
        if (printed.includes('"seq":13')) stop.abort();
      },
    };
    const { code, stderr } = await api.cli(['audit', 'tail', '-f', '--json', '--host', 'h'], {
      stdout,
      stop: stop.signal,
    });
    expect(code).toBe(EXIT.Ok);
    const seqs = printed
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as AuditRecordResource).seq);
    expect(seqs).toEqual([9, 11, 12, 13]);
    expect(asked('queryAudit').slice(1)).toEqual([
      { host: 'h', follow: 'true', after: '9' },
      { host: 'h', follow: 'true', after: '12' },
    ]);
    expect(stderr.match(/the connection is lost/g)).toHaveLength(1);
  });

  it.each([
    [['-f', '--until', '1h'], '--until'],
    [['-n', '1001'], '--lines'],
  ])('refuses %j', async (options, name) => {
    const { code, stderr } = await api.cli(['audit', 'tail', ...options]);
    expect(code).toBe(EXIT.Usage);
    expect(stderr).toContain(name);
  });
});

describe('audit export', () => {
  it('writes to standard output as fast as that takes it', async () => {
    api.replies.exportAudit = '{"seq":0}\n{"seq":1}\n';
    let isFull = false;
    let printed = '';
    const stdout = {
      write(text: string) {
        expect(isFull).toBe(false);
        printed += text;
        isFull = true;
        return false;
      },
      once(_event: 'drain', listener: () => void) {
        setImmediate(() => {
          isFull = false;
          listener();
        });
      },
    };
    await api.cli(['audit', 'export', 'word', '--class', 'data'], { stdout });
    expect(printed).toBe('{"seq":0}\n{"seq":1}\n');
    expect(asked('exportAudit')).toEqual([{ class: 'data', format: 'jsonl', q: 'word' }]);
  });

  it('does not let a record steer the terminal', async () => {
    api.replies.exportAudit = 'a\u009b2J\u001b[2J\r\n';
    let printed = '';
    const stdout = { isTTY: true, write: (text: string) => (printed += text) };
    await api.cli(['audit', 'export', '--format', 'csv'], { stdout });
    expect(printed).toBe('a·2J·[2J\n');
  });

  it('writes a file for its owner alone, which is there when it is whole', async () => {
    api.replies.exportAudit = 'seq\r\n1\r\n';
    const file = join(folder, 'out.csv');
    const { stdout } = await api.cli(['audit', 'export', '--format', 'csv', '-o', file]);
    expect(stdout).toBe(`${file} is written: 8 bytes\n`);
    expect(await readFile(file, 'utf8')).toBe('seq\r\n1\r\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['out.csv']);
  });

  it('leaves what was cut off under another name, and fails', async () => {
    api.replies.exportAudit = (_asked: Asked, response) => {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      response.write('{"seq":0}\n', () => response.socket?.end());
      return RESPONDED;
    };
    const { code } = await api.cli(['audit', 'export', '-o', join(folder, 'out')]);
    expect(code).toBe(EXIT.Unreachable);
    expect(await readdir(folder)).toEqual(['out.part']);
  });

  it('leaves nothing when it is refused', async () => {
    api.replies.exportAudit = new Problem(503, 'AUDIT_INDEX_BEHIND');
    expect((await api.cli(['audit', 'export', '-o', join(folder, 'out')])).code).toBe(EXIT.Failure);
    expect(await readdir(folder)).toEqual([]);
    expect((await api.cli(['audit', 'export', '-o', join(folder, 'none', 'out')])).code).toBe(EXIT.Failure);
  });
});

const ATTRIBUTES = { state: 'off', locked: 4, segments: 9, limits: 'root' } as const;
const UNLOCKED = { attributes: ATTRIBUTES, object_lock: { state: 'off', limits: 'all' } } as const;
const NOT_LOCKED = { state: 'not_in_force', bucket: 'evidence', limits: 'all' } as const;

describe('audit status', () => {
  it('shows it, and ends well when all is well', async () => {
    api.replies.getAuditStatus = statusOf({ protection: UNLOCKED });
    const { stdout, stderr, code } = await api.cli(['audit', 'status']);
    expect([code, stderr]).toEqual([EXIT.Ok, '']);
    expect(stdout).toMatch(/^index\.state +current$/m);
    expect(stdout).toMatch(/^protection\.attributes\.limits +root$/m);
  });

  it.each<[string, AuditStatus]>([
    ['The journal is unavailable: ENOSPC', statusOf({ journal: { state: 'unavailable', reason: 'ENOSPC' } })],
    ['3 records were lost', statusOf({ journal: { lost: 3 } })],
    ['Segment 2 is damaged', statusOf({ journal: { damage: { segment: 2, offset: 1, reason: 'x' } } })],
    [
      'Sink nas does not get checkpoints: EIO',
      statusOf({ journal: { sinks: [{ name: 'nas', lag_ms: 9, is_lagging: true, failure: 'EIO' }] } }),
    ],
    ['The index cannot go on: full', statusOf({ index: { state: 'failed', reason: 'full' } })],
    ['4 records cannot be read', statusOf({ index: { skipped: 4 } })],
    [
      'Of 9 segments 4 are locked',
      statusOf({ protection: { ...UNLOCKED, attributes: { ...ATTRIBUTES, state: 'partly' } } }),
    ],
    ['bucket evidence does not lock', statusOf({ protection: { ...UNLOCKED, object_lock: NOT_LOCKED } })],
  ])('says that %s, and exits with 8', async (fault, status) => {
    api.replies.getAuditStatus = status;
    const { stderr, code } = await api.cli(['audit', 'status', '--json']);
    expect([code, stderr]).toEqual([EXIT.Findings, expect.stringContaining(fault)]);
  });
});

describe('audit checkpoint and rebuild', () => {
  const checkpoint = {
    origin: 'o',
    size: 1,
    root: 'r',
    epoch: 0,
    time: '2026-01-01T00:00:00.000Z',
    note: 'o\n1\n\n— o x\n',
  };

  it('write the signed note, the last or a new one', async () => {
    api.replies.getAuditCheckpoint = checkpoint;
    expect((await api.cli(['audit', 'checkpoint'])).stdout).toBe(`${checkpoint.note}\n`);
    api.replies.takeAuditCheckpoint = { ...checkpoint, size: 2 };
    const { stdout } = await api.cli(['audit', 'checkpoint', '--sign', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ size: 2 });
  });

  it('wait until the index has all, and show how far it is', async () => {
    api.replies.rebuildAuditIndex = statusOf({ index: { state: 'building', next_seq: 0 } });
    const steps = [25, 25, 100];
    api.replies.getAuditStatus = () => statusOf({ index: { next_seq: steps.shift() ?? 100 } });
    const { stdout, stderr } = await api.cli(['audit', 'rebuild']);
    expect(stdout).toBe('The index has 100 records.\n');
    expect(stderr).toBe('0 %, 0 of 100 records\n25 %, 25 of 100 records\n');
    expect((await api.cli(['audit', 'rebuild', '--no-wait'])).stdout).toContain('It has begun');
  });

  it('fail when the index does', async () => {
    api.replies.rebuildAuditIndex = statusOf({ index: { state: 'failed', reason: 'full', next_seq: 0 } });
    const { code, stderr } = await api.cli(['audit', 'rebuild']);
    expect([code, stderr]).toEqual([EXIT.Failure, expect.stringContaining('INDEX_FAILED')]);
  });
});

describe('audit verify', () => {
  it('verifies files without a server, and finds what was altered', async () => {
    const directory = join(folder, 'journal');
    const journal = await openJournal({ directory }, { clock: systemClock, log: silentLogger });
    const { note } = await journal.checkpoint();
    const { public_key: key } = journal.status();
    await journal.close();
    const kept = join(folder, 'kept');
    await writeFile(kept, note);
    const good = await api.cli(['audit', 'verify', directory, '--key', key, '--checkpoint', kept]);
    expect([good.code, good.stdout]).toEqual([EXIT.Ok, expect.stringMatching(/^intact: /)]);
    const segment = join(directory, '00000000.seg');
    const bytes = await readFile(segment);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    await writeFile(segment, bytes);
    const bad = await api.cli(['audit', 'verify', directory, '--json']);
    expect([bad.code, JSON.parse(bad.stdout)]).toMatchObject([EXIT.Findings, { verdict: 'altered' }]);
    await appendFile(segment, 'x');
    expect((await api.cli(['audit', 'verify', join(folder, 'nothing')])).code).toBe(EXIT.Failure);
    expect(api.asked).toEqual([]);
  });
});
