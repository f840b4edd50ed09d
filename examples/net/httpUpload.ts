/**
 * Takes files, at the pace at which they can be written, and not more than a bound; what breaks off leaves nothing.
 *
 *   node --conditions=source examples/net/httpUpload.ts
 */
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createScope } from '@roundhouse/core';
import { bodyLimit, createHttpClient, createRouter, json, serveHttp } from '@roundhouse/protocols/http';

const folder = await mkdtemp(join(tmpdir(), 'upload-'));
let count = 0;
const router = createRouter().post(
  '/files',
  async ({ body }) => {
    count += 1;
    const [coming, name] = [join(folder, `${count}.part`), `file-${count}`];
    try {
      await pipeline(body, createWriteStream(coming));
    } catch (error) {
      await rm(coming, { force: true });
      throw error;
    }
    await rename(coming, join(folder, name));
    return json({ name }, 201);
  },
  bodyLimit(1_000_000),
);
{
  await using server = await serveHttp({}, router);
  await using client = createHttpClient();
  const scope = createScope({ timeoutMs: 20_000 });
  const url = `http://127.0.0.1:${server.port}/files`;
  const send = async (bytes: number): Promise<void> => {
    const body = (async function* () {
      for (let left = bytes; left > 0; left -= 10_000) yield Buffer.alloc(Math.min(left, 10_000));
    })();
    const { status, body: answer } = await client.request(url, { method: 'POST', body }, scope);
    const { name, code } = (await answer.json()) as { readonly name?: string; readonly code?: string };
    console.log(status, name ?? code);
  };
  await send(500_000);
  await send(5_000_000);
}
console.log((await readdir(folder)).join(' '));
await rm(folder, { recursive: true });
