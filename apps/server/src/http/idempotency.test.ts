import { silentLogger } from '@roundhouse/core';
import { FakeClock } from '@roundhouse/testing';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serverError } from '../errors.ts';
import { createIdempotency, type Idempotency, type IdempotencyOptions } from './idempotency.ts';
import { sendProblem } from './problem.ts';

let app: FastifyInstance;
let clock: FakeClock;
let idempotency: Idempotency;
/** How often the handler ran. */
let runs: number;
let handle: (request: FastifyRequest, reply: FastifyReply) => unknown;

beforeEach(() => {
  clock = new FakeClock();
  runs = 0;
  handle = (_request, reply) => reply.code(201).header('location', `/things/${runs}`).send({ run: runs });
  create();
});
afterEach(() => app.close());

function create(options: IdempotencyOptions = {}): void {
  app = fastify();
  idempotency = createIdempotency(options, { clock, principalOf: (request) => String(request.headers['x-who']) });
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, silentLogger));
  app.addHook('preHandler', idempotency.preHandler);
  app.addHook('onSend', idempotency.onSend);
  const handler = (request: FastifyRequest, reply: FastifyReply): unknown => {
    runs++;
    return handle(request, reply);
  };
  app.post('/things', handler);
  app.post('/things/:id/copy', handler);
  app.put('/things', handler);
}

interface Call {
  readonly key?: string;
  readonly body?: object;
  readonly who?: string;
  readonly url?: string;
  readonly method?: 'POST' | 'PUT';
}

async function call({ key = '"k1"', body = { a: 1 }, who = 'joe', url = '/things', method = 'POST' }: Call = {}) {
  const answer = await app.inject({ method, url, headers: { 'idempotency-key': key, 'x-who': who }, payload: body });
  const { code } = JSON.parse(answer.body) as { code?: string };
  return { ...answer, status: answer.statusCode, code, replayed: answer.headers['idempotency-replayed'] };
}

describe('a request with an Idempotency-Key', () => {
  it('that is sent again gets the same answer, and nothing is done', async () => {
    const first = await call();
    const second = await call();
    expect([first.status, first.replayed, second.status, second.replayed]).toEqual([201, undefined, 201, 'true']);
    expect(second.body).toBe(first.body);
    expect(second.headers).toMatchObject({
      location: '/things/1',
      'content-type': first.headers['content-type'],
      'content-length': first.headers['content-length'],
    });
    expect((await call()).replayed).toBe('true');
    expect(runs).toBe(1);
  });

  it('runs again for another key, another principal, another route', async () => {
    await call();
    expect((await call({ key: '"k2"' })).replayed).toBeUndefined();
    expect((await call({ who: 'ann' })).replayed).toBeUndefined();
    expect((await call({ url: '/things/1/copy' })).replayed).toBeUndefined();
    expect(runs).toBe(4);
  });

  it.each<[string, Call]>([
    ['body', { body: { a: 2 } }],
    ['path', { url: '/things/2/copy' }],
    ['query', { url: '/things/1/copy?x=1' }],
  ])('is refused when the same key comes with another %s', async (_what, other) => {
    await call({ url: '/things/1/copy', body: { a: 1 } });
    const again = await call({ url: '/things/1/copy', ...other });
    expect(again).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(runs).toBe(1);
    // The refusal has not taken the place of the answer.
    expect((await call({ url: '/things/1/copy' })).replayed).toBe('true');
  });

  it('is refused while the first is being answered, and gets its answer then', async () => {
    const answered = Promise.withResolvers<object>();
    handle = () => answered.promise;
    const first = call();
    await app.ready();
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await call()).toMatchObject({ status: 409, code: 'IDEMPOTENCY_IN_PROGRESS' });
    answered.resolve({ done: true });
    expect((await first).status).toBe(200);
    expect(await call()).toMatchObject({ status: 200, replayed: 'true' });
    expect(runs).toBe(1);
  });

  it('may be tried again after a failure that may pass, and not after one that stays', async () => {
    handle = () => {
      throw serverError('SHUTTING_DOWN');
    };
    expect((await call()).status).toBe(503);
    expect(idempotency.keys).toBe(0);
    handle = () => {
      throw serverError('ID_MISMATCH', { details: { path_id: 'a', body_id: 'b' } });
    };
    expect(await call()).toMatchObject({ status: 422, replayed: undefined });
    expect(await call()).toMatchObject({ status: 422, code: 'ID_MISMATCH', replayed: 'true' });
    expect(runs).toBe(2);
  });

  it('is forgotten after a day', async () => {
    await call();
    await clock.advance(86_399_999);
    expect((await call()).replayed).toBe('true');
    await clock.advance(1);
    expect((await call()).replayed).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  it.each(['k1', '"k1"', '"a \\"b\\" \\\\"', '"a,b"', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'x'.repeat(255)])(
    'takes the key %s',
    async (key) => {
      expect((await call({ key })).status).toBe(201);
      expect((await call({ key })).replayed).toBe('true');
    },
  );

  it('takes a key with and without quotation marks for the same', async () => {
    await call({ key: 'k1' });
    expect((await call({ key: '"k1"' })).replayed).toBe('true');
  });

  it.each(['', '""', '"a', '"a" "b"', 'a, b', '"a", "b"', 'ä', 'x'.repeat(256), '"a\\b"'])(
    'refuses the key %s',
    async (key) => {
      expect(await call({ key })).toMatchObject({ status: 400, code: 'IDEMPOTENCY_KEY_INVALID' });
      expect(runs).toBe(0);
    },
  );

  it('means nothing to a PUT', async () => {
    await call({ method: 'PUT' });
    expect((await call({ method: 'PUT' })).replayed).toBeUndefined();
    expect(idempotency.keys).toBe(0);
  });
});

describe('the answers kept', () => {
  it('are bounded in number: the one least recently asked for goes', async () => {
    create({ maxAnswers: 2 });
    await call({ key: 'a' });
    await call({ key: 'b' });
    await call({ key: 'a' });
    await call({ key: 'c' });
    expect(idempotency.keys).toBe(2);
    expect((await call({ key: 'a' })).replayed).toBe('true');
    expect((await call({ key: 'b' })).replayed).toBeUndefined();
  });

  it('are bounded in bytes, and one that is too large is not kept at all', async () => {
    create({ maxBytes: 160_000 });
    handle = (_request, reply) => reply.send('x'.repeat(9_000));
    app.addHook('onSend', (_request, _reply, payload, done) => done(null, payload));
    const send = (key: string) =>
      app.inject({ method: 'POST', url: '/things', headers: { 'idempotency-key': key }, payload: {} });
    for (let index = 0; index < 40; index++) await send(`k${index}`);
    expect(idempotency.bytes).toBeLessThanOrEqual(160_000);
    expect(idempotency.keys).toBe(16);
    handle = (_request, reply) => reply.send('x'.repeat(10_001));
    await send('large');
    expect((await send('large')).headers['idempotency-replayed']).toBeUndefined();
    expect(idempotency.keys).toBe(16);
  });

  it('make no room for more requests under way than may be remembered', async () => {
    create({ maxAnswers: 1 });
    const answered = Promise.withResolvers<object>();
    handle = () => answered.promise;
    const first = call({ key: 'a' });
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await call({ key: 'b' })).toMatchObject({ status: 503, code: 'OVERLOADED' });
    answered.resolve({});
    await first;
    expect((await call({ key: 'b' })).status).toBe(200);
  });
});
