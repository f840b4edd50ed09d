import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { startIssuer } from './issuer.fixture.ts';
import { createJsonSource } from './jsonRequest.ts';

describe('a question for a JSON document', () => {
  it('is answered with the object', async () => {
    await using issuer = await startIssuer();
    await using source = createJsonSource({ timeoutMs: 5_000 });
    using scope = createScope();
    issuer.answer('/a', { b: 1 });
    expect(await source.get(`${issuer.url}/a`, scope)).toEqual({ b: 1 });
  });

  it('fails on anything else', async () => {
    await using issuer = await startIssuer();
    await using source = createJsonSource({ timeoutMs: 5_000 });
    using scope = createScope();
    issuer.answer('/list', []);
    issuer.answer('/text', (_request, response) => void response.end('hunter2'));
    issuer.answer('/moved', (_request, response) => void response.writeHead(302, { location: '/list' }).end());
    issuer.answer('/long', (_request, response) => void response.end(JSON.stringify({ a: 'x'.repeat(300_000) })));
    issuer.answer('/cut', (_request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{');
      response.destroy();
    });
    for (const [path, message] of [
      ['/list', /did not answer with an object/],
      ['/text', /did not answer with JSON/],
      ['/moved', /answered 302/],
      ['/long', /more than 262144 bytes/],
      ['/gone', /answered 404/],
      ['/cut', /./],
    ] as const) {
      await expect(source.get(`${issuer.url}${path}`, scope)).rejects.toThrow(message);
    }
    expect(issuer.asked).toEqual(['/list', '/text', '/moved', '/long', '/gone', '/cut']);
  });

  it('ends with the scope', async () => {
    await using issuer = await startIssuer();
    await using source = createJsonSource({ timeoutMs: 5_000 });
    const scope = createScope();
    issuer.answer('/slow', () => scope.end());
    await expect(source.get(`${issuer.url}/slow`, scope)).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(source.get(`${issuer.url}/slow`, scope)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(issuer.asked).toEqual(['/slow']);
  });
});
