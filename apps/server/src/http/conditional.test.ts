import { fastify, type FastifyInstance } from 'fastify';
import { silentLogger } from '@roundhouse/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkChange, etagOf, isUnchanged } from './conditional.ts';
import { sendProblem } from './problem.ts';

/** The resource that the routes below are about: at version 17, or absent. */
let etag: string | null;
let isRequired: boolean;
let app: FastifyInstance;

beforeAll(() => {
  app = fastify();
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, silentLogger));
  app.get('/thing', (request, reply) => {
    if (isUnchanged(request, reply, etagOf(17))) return reply.send();
    return reply.send({ version: 17 });
  });
  app.put('/thing', (request, reply) => {
    checkChange(request, { etag, isRequired });
    return reply.send({ version: 18 });
  });
});
afterAll(() => app.close());

async function answer(method: 'GET' | 'PUT', headers: Record<string, string>, options = {}) {
  ({ etag = etagOf(17), isRequired = false } = options as { etag?: string | null; isRequired?: boolean });
  const { statusCode, headers: sent, body } = await app.inject({ method, url: '/thing', headers });
  const { code } = (body === '' ? {} : JSON.parse(body)) as { code?: string };
  return { status: statusCode, code, etag: sent.etag, body };
}

describe('a read', () => {
  it('carries the strong entity tag of its version', async () => {
    expect(await answer('GET', {})).toMatchObject({ status: 200, etag: '"17"' });
  });

  it.each(['"17"', 'W/"17"', '"16", "17"', '*', ' , "17" ,', '"a,b","17"'])(
    'is 304 without a body for If-None-Match: %s',
    async (value) => {
      expect(await answer('GET', { 'if-none-match': value })).toMatchObject({ status: 304, etag: '"17"', body: '' });
    },
  );

  it.each(['"16"', '""', '"1", "7"', 'W/"16"', '"17 "'])('is whole for If-None-Match: %s', async (value) => {
    const { status } = await answer('GET', { 'if-none-match': value });
    expect([200, 400]).toContain(status);
    expect(status).toBe(value === '"17 "' ? 400 : 200);
  });

  it('of a version that is gone is refused', async () => {
    expect(await answer('GET', { 'if-match': '"16"' })).toMatchObject({ status: 412, code: 'PRECONDITION_FAILED' });
  });
});

describe('a change', () => {
  it.each(['"17"', '"3", "17"', '*'])('goes through for If-Match: %s', async (value) => {
    expect(await answer('PUT', { 'if-match': value })).toMatchObject({ status: 200 });
  });

  it.each(['"16"', 'W/"17"', '"17-gzip"'])('is refused for If-Match: %s', async (value) => {
    expect(await answer('PUT', { 'if-match': value })).toMatchObject({ status: 412, code: 'PRECONDITION_FAILED' });
  });

  it.each(['17', '"17', 'W/17', '"17" "18"', ',', 'w/"17"', '"*"x'])(
    'is refused for what is no entity tag: %s',
    async (value) => {
      expect(await answer('PUT', { 'if-match': value })).toMatchObject({ status: 400, code: 'PRECONDITION_INVALID' });
    },
  );

  it('that is to create is refused when there is something, and the other way round', async () => {
    expect(await answer('PUT', { 'if-none-match': '*' })).toMatchObject({ status: 412 });
    expect(await answer('PUT', { 'if-none-match': '*' }, { etag: null })).toMatchObject({ status: 200 });
    expect(await answer('PUT', { 'if-match': '*' }, { etag: null })).toMatchObject({ status: 412 });
  });

  it('without a condition is refused only where one is wanted and there is something to lose', async () => {
    expect(await answer('PUT', {})).toMatchObject({ status: 200 });
    expect(await answer('PUT', {}, { isRequired: true })).toMatchObject({ status: 428, code: 'PRECONDITION_REQUIRED' });
    expect(await answer('PUT', {}, { isRequired: true, etag: null })).toMatchObject({ status: 200 });
  });
});
