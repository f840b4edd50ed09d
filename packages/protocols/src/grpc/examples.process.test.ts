import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createScope } from '@roundhouse/core';
import { isInstalled, type PeerProcess, startPeer } from '@roundhouse/testing';
import { afterAll, describe, expect, it } from 'vitest';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/net/', import.meta.url));
const parts = new AsyncDisposableStack();
const scope = createScope({ timeoutMs: 60_000 });
afterAll(async () => {
  await parts.disposeAsync();
  scope.end();
});

async function start(name: string, ...args: string[]): Promise<PeerProcess> {
  const node = [process.execPath, '--conditions=source', `${EXAMPLES}${name}.ts`, ...args];
  return parts.use(await startPeer('/usr/bin/env', ['ROUNDHOUSE_TIMEOUT_MS=60000', ...node]));
}

async function printed(peer: PeerProcess, text: RegExp): Promise<RegExpExecArray> {
  for (;;) {
    const found = text.exec(peer.output);
    if (found !== null) return found;
    if (peer.exit !== undefined) throw peer.failure(`it ended before it printed ${text}`);
    await scope.sleep(20);
  }
}

describe('the examples of gRPC', () => {
  it('serve and call by descriptors alone, and drain', async () => {
    const server = await start('grpcServe', '0');
    const [, address = ''] = await printed(server, /grpc:\/\/(\S+)\n/);
    const watcher = await start('grpcCall', address, 'example.Warehouse/Watch', '{}');
    await printed(watcher, /"name":"bolts","count":12/);
    const items = ['{"name":"nuts","count":3}', '{"name":"rivets","count":5}'];
    const store = await start('grpcCall', address, 'example.Warehouse/Store', ...items);
    await printed(store, /"items":2/);
    await printed(watcher, /"name":"rivets","count":5/);
    const find = await start('grpcCall', address, 'example.Warehouse/Find', '{"name":"nuts"}', '{"name":"gold"}');
    expect(await find.exited).toEqual({ code: 1, signal: null });
    expect(find.output).toMatch(/"name":"nuts","count":3/);
    expect(find.output).toMatch(/PEER_NOT_FOUND NOT_FOUND: .*There are no gold/);
    process.kill(watcher.pid, 'SIGINT');
    expect(await watcher.exited).toEqual({ code: 1, signal: null });
    expect(watcher.output).toMatch(/^CANCELLED/m);
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('repeat what may be repeated', async () => {
    const example = await start('grpcRetry');
    expect(await example.exited).toEqual({ code: 0, signal: null });
    const [item, gold, health] = example.output.trim().split('\n');
    expect(item).toMatch(/"name":"bolts","count":12\} after 3 calls$/);
    expect([gold, health]).toEqual(['PEER_REFUSED retryable false after 4 calls', 'SERVING']);
  });

  it.skipIf(!isInstalled('protoc'))('have the descriptors of their .proto file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rh-grpc-'));
    const file = join(folder, 'set.binpb');
    spawnSync('protoc', ['--include_imports', `--descriptor_set_out=${file}`, `-I${EXAMPLES}`, 'warehouse.proto']);
    expect(readFileSync(file).equals(readFileSync(join(EXAMPLES, 'warehouse.binpb')))).toBe(true);
    rmSync(folder, { recursive: true });
  });
});
