import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditList, AuditRecordResource } from '@roundhouse/api';
import { auditListSchema, auditStatusSchema, createClient } from '@roundhouse/api';
import {
  type AuditEntry,
  type AuditJournal,
  type AuditRecord,
  openIndex,
  openJournal,
  type SearchIndex,
} from '@roundhouse/audit';
import { verifyProof } from '@roundhouse/audit/verify';
import { createScope, silentLogger, systemClock } from '@roundhouse/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer, type Server } from '../server.ts';
import { bearer, call, type WireAnswer } from '../wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const openSession = async (): Promise<never> => {
  throw new Error('nothing is opened here');
};
const scope = createScope();

let root = '';
let journal: AuditJournal;
let index: SearchIndex;
let server: Server;
let bare: Server;
let url = '';
let bareUrl = '';

const ask = (path: string, method = 'GET', base = url): Promise<WireAnswer> =>
  call(base, method, `/api/v1/audit${path}`, { authorization: bearer(TOKEN) });
const listOf = ({ json }: WireAnswer): AuditList => json as unknown as AuditList;
const itemsOf = async (query: string): Promise<readonly AuditRecordResource[]> => listOf(await ask(query)).items;

function entryOf(n: number, changes: Partial<AuditEntry> = {}): AuditEntry {
  return {
    class: 'data',
    action: 'thing.done',
    code: 'RHA-1008',
    phase: 'fact',
    outcome: 'success',
    actor: { type: 'api_key', id: 'key-7', authentication: 'api_key', on_behalf_of: 'ada' },
    resource: { kind: 'thing', id: `t/${n}` },
    host: `host-${n % 3}`,
    details: { said: `word${n}` },
    ...changes,
  };
}

/** The records of the reads themselves, in order. */
async function reads(): Promise<readonly AuditRecord[]> {
  const found: AuditRecord[] = [];
  for await (const record of journal.read({}, scope)) if (record.code.startsWith('RHA-5')) found.push(record);
  return found;
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'audit-routes-'));
  const deps = { clock: systemClock, log: silentLogger };
  journal = await openJournal({ directory: join(root, 'journal') }, deps);
  index = openIndex({ directory: join(root, 'index') }, { ...deps, journal });
  const options = { port: 0, token: TOKEN, version: '1.2.3' };
  server = await createServer(options, { log: silentLog(), openSession, audit: journal, auditIndex: index });
  bare = await createServer(options, { log: silentLog(), openSession });
  ({ url } = await server.start());
  ({ url: bareUrl } = await bare.start());
  await Promise.all(Array.from({ length: 50 }, (_, n) => journal.append(entryOf(n))));
  // They are told before they are durable, and found after.
  while (journal.status().buffered > 0) await new Promise((resolve) => setImmediate(resolve));
});
afterAll(async () => {
  await server.stop();
  await bare.stop();
  await index.close();
  await journal.close();
  await rm(root, { recursive: true, force: true });
});

describe('GET /api/v1/audit', () => {
  it('gives pages of what is asked for, newest first, each record once though more come meanwhile', async () => {
    const seen: string[] = [];
    let cursor = '';
    do {
      const page = await ask(`?type=thing&limit=20${cursor}`);
      expect(page.status).toBe(200);
      expect(auditListSchema.safeParse(page.json).error).toBeUndefined();
      const { items, next_cursor: next } = listOf(page);
      seen.push(...items.map(({ resource }) => resource?.id ?? ''));
      await journal.append(entryOf(100, { action: 'thing.late' }));
      cursor = next === null ? '' : `&cursor=${next}`;
    } while (cursor !== '');
    expect(seen).toEqual(Array.from({ length: 50 }, (_, n) => `t/${49 - n}`));
  });

  it.each<[query: string, ids: readonly string[]]>([
    ['?q=word7', ['t/7']],
    ['?q=word7&host=host-1', ['t/7']],
    ['?q=word7&host=host-2', []],
    ['?user=ada&q=word3', ['t/3']],
    ['?user=key-7&q=word3', ['t/3']],
    ['?type=RHA-1008&resource=thing/t/5', ['t/5']],
    ['?type=thing.done&class=data&outcome=success&q=word1', ['t/1']],
    ['?type=thin&q=word1', []],
    ['?until=2020-01-01T00:00:00Z', []],
    ['?since=2020-01-01T00:00:00Z&resource=thing/t/8', ['t/8']],
    ['?order=oldest&resource=thing&limit=2', ['t/0', 't/1']],
    ['?q=%22%20OR%20%221%22=%221&resource=thing', []],
  ])('%s finds %j', async (query, ids) => {
    expect((await itemsOf(query)).map(({ resource }) => resource?.id)).toEqual(ids);
  });

  it.each<[query: string, code: string]>([
    ['?q=ab*', 'AUDIT_QUERY_INVALID'],
    ['?q=--', 'AUDIT_QUERY_INVALID'],
    ['?limit=0', 'VALIDATION_FAILED'],
    ['?limit=1001', 'VALIDATION_FAILED'],
    ['?class=none', 'VALIDATION_FAILED'],
    ['?since=yesterday', 'VALIDATION_FAILED'],
    ['?usr=ada', 'VALIDATION_FAILED'],
    ['?cursor=AAAA', 'CURSOR_INVALID'],
  ])('%s is refused with %s', async (query, code) => {
    expect((await ask(query)).json).toMatchObject({ code });
  });

  it('takes a cursor for the query that it was given for alone', async () => {
    const { next_cursor: cursor } = listOf(await ask('?user=ada&limit=1'));
    expect((await ask(`?user=ada&limit=9&cursor=${cursor}`)).status).toBe(200);
    expect((await ask(`?user=bob&cursor=${cursor}`)).json).toMatchObject({ code: 'CURSOR_INVALID' });
    expect((await ask(`?user=ada&order=oldest&cursor=${cursor}`)).json).toMatchObject({ code: 'CURSOR_INVALID' });
  });

  it('with follow tells each record once, from behind a number on, and is recorded though it does not end', async () => {
    using client = createClient({ url, token: TOKEN });
    const seen: number[] = [];
    const controller = new AbortController();
    const last = journal.status().next_seq - 1;
    const following = (async () => {
      const query = { resource: 'followed', after: last };
      for await (const record of client.audit.follow(query, controller.signal)) {
        seen.push(Number(record.resource?.id));
        if (seen.length === 1) await journal.append(entryOf(0, { resource: { kind: 'followed', id: '2' } }));
        if (seen.length === 2) controller.abort();
      }
    })();
    await journal.append(entryOf(0, { resource: { kind: 'followed', id: '1' } }));
    await following;
    expect(seen).toEqual([1, 2]);
    expect((await reads()).at(-1)).toMatchObject({
      code: 'RHA-5001',
      details: { asked: { follow: 'true', resource: 'followed', after: String(last) } },
    });
  });
});

describe('GET /api/v1/audit/export', () => {
  it('gives the records as they are kept, all that there are or those that are asked for', async () => {
    const kept = async (isWanted: (record: AuditRecord) => boolean): Promise<number[]> => {
      const seqs: number[] = [];
      for await (const record of journal.read({}, scope)) if (isWanted(record)) seqs.push(record.seq);
      return seqs;
    };
    const seqsIn = (text: string): number[] =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as AuditRecord).seq);
    const before = await kept(() => true);
    const all = await ask('/export');
    expect(all.headers['content-type']).toBe('application/x-ndjson');
    expect(seqsIn(all.text).slice(0, before.length)).toEqual(before);
    const some = await ask('/export?host=host-1&resource=thing');
    const wanted = await kept(({ host, resource }) => host === 'host-1' && resource?.kind === 'thing');
    expect(seqsIn(some.text)).toEqual(wanted);
  });

  it('as CSV is a table', async () => {
    const { text, headers } = await ask('/export?format=csv&q=word9');
    expect(headers['content-type']).toMatch(/^text\/csv/);
    expect(headers['content-disposition']).toBe('attachment; filename="audit.csv"');
    expect(text.split('\r\n')).toHaveLength(3);
  });

  it('answers with a problem before the first piece', async () => {
    expect((await ask('/export?q=--')).json).toMatchObject({ code: 'AUDIT_QUERY_INVALID' });
    expect((await ask('/export?format=xml')).json).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('without a record is an empty body', async () => {
    expect((await ask('/export?user=nobody-at-all')).text).toBe('');
  });
});

describe('the proofs', () => {
  it('convince the verifier', async () => {
    const { json: checkpoint } = await ask('/checkpoint', 'POST');
    expect(checkpoint).toMatchObject({ size: expect.any(Number) as number });
    expect((await ask('/checkpoint')).json).toEqual(checkpoint);
    const { text } = await ask('/records/3/proof');
    const keys = await readFile(join(root, 'journal', 'keys'));
    const note = checkpoint?.['note'] as string;
    expect(verifyProof(text, keys, { checkpoints: [note] })).toMatchObject({ verdict: 'intact' });
    const later = (await ask('/checkpoint', 'POST')).json;
    const [from, to] = [checkpoint, later].map((each) => String(Number(each?.['size'])));
    const consistency = await ask(`/consistency?from=${from}&to=${to}`);
    const both = { checkpoints: [note, later?.['note'] as string] };
    expect(verifyProof(consistency.text, keys, both)).toMatchObject({ verdict: 'intact' });
  });

  it.each(['/records/999999/proof', '/records/x/proof', '/records/-1/proof', '/consistency?from=5&to=999999'])(
    '%s is refused',
    async (path) => {
      expect((await ask(path)).json).toMatchObject({ code: 'AUDIT_RANGE_INVALID', status: 422 });
    },
  );
});

describe('the audit journal over the API', () => {
  it('tells how it is', async () => {
    const { json } = await ask('/status');
    expect(auditStatusSchema.safeParse(json).error).toBeUndefined();
    expect(json).toMatchObject({ journal: { state: 'writing', lost: 0 }, index: { state: 'current', skipped: 0 } });
  });

  it('has its index made anew', async () => {
    expect((await ask('/rebuild', 'POST')).status).toBe(202);
    expect((await itemsOf('?q=word7')).map(({ resource }) => resource?.id)).toEqual(['t/7']);
  });

  it('has a record of each of its reads, with what was asked, and not with the words that were sought', async () => {
    // Behind it stands nothing of what was asked before.
    const { seq: next = -1 } = await journal.append(entryOf(0, { class: 'access' }));
    await ask('?q=hunter2&user=ada');
    await ask('/export?q=hunter2&format=csv');
    await ask('/records/3/proof');
    await ask('/consistency?from=1&to=2');
    await ask('/checkpoint');
    await ask('/checkpoint', 'POST');
    await ask('/rebuild', 'POST');
    await expect.poll(async () => (await reads()).filter(({ seq }) => seq >= next).length).toBe(9);
    const found = (await reads()).filter(({ seq }) => seq >= next);
    expect(found.map(({ code, phase }) => `${code} ${phase}`).toSorted()).toEqual([
      'RHA-5001 fact',
      'RHA-5002 fact',
      'RHA-5003 fact',
      'RHA-5003 fact',
      'RHA-5004 completed',
      'RHA-5004 received',
      'RHA-5005 completed',
      'RHA-5005 fact',
      'RHA-5005 received',
    ]);
    expect(found[0]).toMatchObject({
      actor: { id: 'root' },
      resource: { kind: 'audit' },
      details: { asked: { user: 'ada' }, words: true },
    });
    await ask('?limit=1');
    expect(JSON.stringify(found)).not.toContain('hunter2');
    const files = await readdir(join(root, 'index'));
    for (const name of files) expect((await readFile(join(root, 'index', name))).includes('hunter2')).toBe(false);
  });

  it.each<[path: string, method?: string]>([
    [''],
    ['?follow=true'],
    ['/export'],
    ['/status'],
    ['/records/0/proof'],
    ['/consistency?from=1&to=1'],
    ['/checkpoint'],
    ['/checkpoint', 'POST'],
    ['/rebuild', 'POST'],
  ])('is AUDIT_DISABLED where none is kept: %s %s', async (path, method) => {
    expect((await ask(path, method, bareUrl)).json).toMatchObject({ code: 'AUDIT_DISABLED' });
  });
});
