import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditRetentionSchema } from '@roundhouse/api';
import { type AuditJournal, type AuditRecord, openJournal, type Retention } from '@roundhouse/audit';
import { createScope, silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRetention } from '../run/retention.ts';
import { silentLog } from '../log/silentLog.fixture.ts';
import { createServer, type Server } from '../server.ts';
import { bearer, call, type WireAnswer } from '../wire.fixture.ts';

const TOKEN = 'a-token-of-this-test';
const HOLD = { id: 'case-1', owner: 'legal', reason: 'a case', user: 'bob', from: '1970-01-01T00:00:00.000Z' };
const openSession = async (): Promise<never> => {
  throw new Error('nothing is opened here');
};

let home = '';
let journal: AuditJournal;
let retention: Retention;
let server: Server;
let bare: Server;
let url = '';
let bareUrl = '';

const ask = (method: string, base = url): Promise<WireAnswer> =>
  call(base, method, '/api/v1/audit/retention', { authorization: bearer(TOKEN) });

async function records(): Promise<readonly AuditRecord[]> {
  using scope = createScope();
  return await Array.fromAsync(journal.read({}, scope));
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'retention-routes-'));
  const clock = new FakeClock();
  const deps = { clock, log: silentLogger };
  journal = await openJournal({ directory: join(home, 'audit') }, deps);
  for (const id of ['ada', 'bob']) {
    const actor = { type: 'principal', id, authentication: 'token' } as const;
    const facts = { phase: 'fact', outcome: 'success', actor } as const;
    await journal.append({ class: 'security', action: 'thing.done', code: 'RHA-1008', ...facts });
    await journal.rotate();
  }
  await clock.advance(86_400_000 * 3);
  const every = { keep: '2d' };
  const periods = { security: every, admin: every, access: every, data: every, system: every };
  const section = { retention: { periods, holds: [HOLD] } };
  retention = openRetention(home, section, { journal, index: undefined, ...deps });
  const options = { port: 0, token: TOKEN, version: '1.2.3' };
  server = await createServer(options, { log: silentLog(), openSession, audit: journal, auditRetention: retention });
  bare = await createServer(options, { log: silentLog(), openSession });
  ({ url } = await server.start());
  ({ url: bareUrl } = await bare.start());
});
afterAll(async () => {
  await server.stop();
  await bare.stop();
  await retention.close();
  await journal.close();
  await rm(home, { recursive: true, force: true });
});

describe('the retention of the journal over the API', () => {
  it('is not there without a journal', async () => {
    expect((await ask('GET', bareUrl)).json).toMatchObject({ code: 'AUDIT_DISABLED' });
  });

  it('is planned, then run, with who asked for it in the records', async () => {
    const plan = auditRetentionSchema.parse((await ask('GET')).json);
    expect(plan).toMatchObject({ applied: false, last_run: null, holds: [{ ...HOLD, segments: [1], archives: [] }] });
    expect(plan.steps.slice(0, 2)).toMatchObject([
      { segment: 0, action: 'remove', reason: 'due', outcome: null },
      { segment: 1, action: 'keep', reason: 'held', holds: ['case-1'] },
    ]);
    const { status, json } = await ask('POST');
    const done = auditRetentionSchema.parse(json);
    expect([status, done.applied, done.steps[0]?.outcome]).toEqual([200, true, 'done']);
    expect(done.last_run).toMatchObject({ done: 1, failed: 0, failure: null });
    const told = await records();
    expect(told.find(({ action }) => action === 'retention.pruned')).toMatchObject({ actor: { id: 'root' } });
    const asked = told.filter(({ action }) => action === 'audit.retain');
    expect(asked.map(({ phase }) => phase)).toEqual(['received', 'completed']);
  });
});
