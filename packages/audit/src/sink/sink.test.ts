import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createScope, Secret } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { Bed, PATIENT, until } from '../journal/journal.fixture.ts';
import { nodeFiles } from '../nodeFiles.ts';
import type { Checkpoint } from '../proof/checkpoint.ts';
import { entryOf } from '../record/entry.fixture.ts';
import { verifyJournal } from '../verify/verify.ts';
import { openFileSink } from './fileSink.ts';
import { createHttpSink, type HttpRequest } from './httpSink.ts';
import type { CheckpointSink } from './sink.ts';

const strict = entryOf({ class: 'security' });

/** A sink that fails for as long as a test says. */
function fickleSink(): CheckpointSink & { readonly taken: Checkpoint[]; isBroken: boolean } {
  const taken: Checkpoint[] = [];
  return {
    name: 'fickle',
    taken,
    isBroken: false,
    async put(checkpoint) {
      if (this.isBroken) throw new Error('out of reach');
      taken.push(checkpoint);
    },
  };
}

describe('a file sink', PATIENT, () => {
  it('keeps checkpoints that verify the journal', async () => {
    await using bed = await Bed.create();
    const sink = await openFileSink({ directory: bed.beside('mount'), fileSystem: 'any' }, bed.directory);
    const journal = await bed.open({ sinks: [sink] });
    await journal.append(strict);
    await journal.checkpoint();
    await journal.close();
    const [name] = await readdir(bed.beside('mount'));
    const kept = await readFile(join(bed.beside('mount'), name as string), 'utf8');
    expect(name).toBe(`checkpoints-${journal.status().journal}`);
    expect(kept.match(/^roundhouse/gm)).toHaveLength(2);
    expect(verifyJournal(bed.directory, { checkpoints: [kept] })).toMatchObject({ verdict: 'intact' });
  });

  it('refuses the file system of the journal, unless it is allowed in words', async () => {
    await using bed = await Bed.create();
    const options = { directory: bed.beside('same') };
    await expect(openFileSink(options, bed.directory)).rejects.toMatchObject({ code: 'AUDIT_SINK_SAME_FILE_SYSTEM' });
    const other = { ...nodeFiles, device: async (path: string) => (path === bed.directory ? 1 : 2) };
    expect((await openFileSink(options, bed.directory, other)).name).toBe(`file:${options.directory}`);
  });
});

describe('an HTTP sink', PATIENT, () => {
  it('puts the note where the address says, and takes any 2xx for a yes', async () => {
    const requests: { method: string; url: string; authorization: string; body: string }[] = [];
    let status = 201;
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => (body += text));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        requests.push({ method, url, authorization: headers.authorization ?? '', body });
        response.writeHead(status).end('thanks');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await using bed = await Bed.create();
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}/{journal}/{size}`;
      const sink = createHttpSink({ url, token: new Secret('hunter2') });
      const journal = await bed.open();
      await journal.append(strict);
      const checkpoint = await journal.checkpoint();
      using scope = createScope();
      await sink.put(checkpoint, scope);
      const path = `/${journal.status().journal}/${checkpoint.size}`;
      expect(requests).toEqual([{ method: 'PUT', url: path, authorization: 'Bearer hunter2', body: checkpoint.note }]);
      status = 503;
      await expect(sink.put(checkpoint, scope)).rejects.toMatchObject({ code: 'AUDIT_SINK_FAILED', retryable: true });
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('sends by whatever it is given, and tells what that raises', async () => {
    await using bed = await Bed.create();
    const checkpoint = await (await bed.open()).checkpoint();
    const sent: HttpRequest[] = [];
    const sink = createHttpSink({ url: 'https://witness.example/add', method: 'POST' }, async (request) => {
      sent.push(request);
      throw new Error('no route');
    });
    using scope = createScope();
    await expect(sink.put(checkpoint, scope)).rejects.toMatchObject({ details: { reason: 'no route' } });
    expect(sent).toMatchObject([{ method: 'POST', body: checkpoint.note }]);
    expect(() => createHttpSink({ url: 'ftp://x' })).toThrow(
      expect.objectContaining({ code: 'AUDIT_OPTIONS_INVALID' }),
    );
  });
});

describe('a sink that fails', PATIENT, () => {
  it('gets the newest checkpoint when it is back, and lags no more', async () => {
    await using bed = await Bed.create();
    const sink = fickleSink();
    const journal = await bed.open({ sinks: [sink], sinkLagMs: 60_000, checkpoint: { intervalMs: 1_000 } });
    sink.isBroken = true;
    for (let index = 0; index < 3; index++) {
      await journal.append(strict);
      await journal.checkpoint();
    }
    await until(bed.clock, () => journal.status().sinks[0]?.is_lagging === true);
    expect(journal.status().sinks[0]).toMatchObject({ name: 'fickle', failure: 'out of reach' });
    expect(await journal.append(strict)).toMatchObject({ durable: true, degraded: true });
    sink.isBroken = false;
    await until(bed.clock, () => sink.taken.length > 0 && journal.status().sinks[0]?.lag_ms === 0);
    expect(sink.taken[0]?.size).toBeGreaterThanOrEqual(4);
    expect(await journal.append(strict)).not.toHaveProperty('degraded');
  });

  it('refuses or holds back the classes that ask for it, and no others', async () => {
    await using bed = await Bed.create();
    const sink = fickleSink();
    const classes = { security: { whenSinkLags: 'refuse' }, admin: { whenSinkLags: 'block' } } as const;
    const journal = await bed.open({ sinks: [sink], sinkLagMs: 1_000, classes });
    sink.isBroken = true;
    await journal.checkpoint();
    await until(bed.clock, () => journal.status().sinks[0]?.is_lagging === true);
    await expect(journal.append(strict)).rejects.toMatchObject({ code: 'AUDIT_SINK_LAGGING' });
    expect(await journal.append(entryOf({ class: 'data' }))).toMatchObject({ degraded: true });
    using scope = createScope({ clock: bed.clock });
    const cancelled = journal.append(entryOf({ class: 'admin' }), scope);
    scope.end();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    let isKept = false;
    const held = journal.append(entryOf({ class: 'admin' })).then(() => (isKept = true));
    await bed.clock.advance(5_000);
    expect(isKept).toBe(false);
    sink.isBroken = false;
    await until(bed.clock, () => isKept);
    await held;
    await journal.close();
    expect(bed.clock.pendingTimers).toBe(0);
  });
});
