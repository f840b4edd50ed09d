/**
 * Takes a large answer to the disk while it comes, tells how far it is, and gives another one up in the middle.
 *
 *   node --conditions=source examples/net/httpDownload.ts
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createScope, isRoundhouseError } from '@roundhouse/core';
import { createHttpClient, createRouter, serveHttp } from '@roundhouse/protocols/http';

const PART = Buffer.alloc(65_536, 'large ');
async function* parts(count: number) {
  for (let index = 0; index < count; index += 1) yield PART;
}
const router = createRouter()
  .get('/large', () => ({ status: 200, headers: { 'content-length': PART.length * 64 }, body: parts(64) }))
  .get('/endless', () => ({ status: 200, body: parts(Infinity) }));
await using server = await serveHttp({}, router);
await using client = createHttpClient();
const url = `http://127.0.0.1:${server.port}`;
const folder = await mkdtemp(join(tmpdir(), 'download-'));

using whole = createScope({ timeoutMs: 30_000 });
let shown = 0;
const onProgress = ({ bytes, total }: { readonly bytes: number; readonly total: number | null }): void => {
  const percent = total === null ? 0 : Math.floor((bytes / total) * 100);
  for (; shown <= percent; shown += 25) console.log(`${shown} %`);
};
const response = await client.request(`${url}/large`, { onProgress }, whole);
await pipeline(response.body, createWriteStream(join(folder, 'large')));
console.log(`${(await stat(join(folder, 'large'))).size} bytes on the disk`);

// Ending its scope ends whatever was begun with it.
using brief = createScope();
const endless = await client.request(`${url}/endless`, { timeoutMs: Infinity, maxBodyBytes: 1e9 }, brief);
try {
  for await (const part of endless.body) if (part.length > 0) brief.end();
} catch (error) {
  if (!isRoundhouseError(error)) throw error;
  console.log(`given up: ${error.code}`);
}
await rm(folder, { recursive: true });
