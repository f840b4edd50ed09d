/** Serves a folder, compressed where that helps, and takes a part of a file from it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createScope } from '@roundhouse/core';
import { compress, createHttpClient, createRouter, serveHttp, staticFiles } from '@roundhouse/protocols/http';

const folder = await mkdtemp(join(tmpdir(), 'files-'));
await writeFile(join(folder, 'poem.txt'), 'a rose is a rose is a rose\n'.repeat(100));
const router = createRouter().get('/files/*path', staticFiles({ folder }), compress());
{
  await using server = await serveHttp({ host: '127.0.0.1' }, router);
  await using client = createHttpClient();
  const scope = createScope({ timeoutMs: 10_000 });
  const url = `http://127.0.0.1:${server.port}/files/poem.txt`;
  const whole = await client.get(url, scope);
  console.log(whole.status, (await whole.body.text()).length, 'characters');
  const part = await client.request(url, { headers: { range: 'bytes=2-5' } }, scope);
  console.log(part.status, part.headers['content-range'], await part.body.text());
  const same = await client.request(url, { headers: { 'if-none-match': whole.headers['etag'] } }, scope);
  console.log(same.status);
  same.discard();
  const outside = await client.get(`http://127.0.0.1:${server.port}/files/..%2f..%2fetc%2fpasswd`, scope);
  console.log(outside.status);
  outside.discard();
}
await rm(folder, { recursive: true });
