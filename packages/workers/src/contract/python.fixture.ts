import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled, type PeerProcess, startPeer } from '@roundhouse/testing';

/** Debian's own: python3-grpcio is not seen by another. */
const PYTHON = '/usr/bin/python3';
const PROTO = fileURLToPath(new URL('../../proto/', import.meta.url));

/** Whether Python with gRPC, and protoc, are there: a gRPC that is not ours. */
export const pythonGrpcAvailable = (): boolean =>
  isInstalled('protoc') && spawnSync(PYTHON, ['-c', 'import grpc, google.protobuf']).status === 0;

/** A directory with the messages of the contract for Python, as protoc makes them of the published file. */
export class PythonGrpc implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'rh-contract-'));

  constructor() {
    const files = ['roundhouse/worker/v1/worker.proto'];
    const { status, stderr } = spawnSync('protoc', [`--python_out=${this.directory}`, `-I${PROTO}`, ...files], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`protoc: ${stderr}`);
  }

  /** Runs a script, and resolves once it has printed its first line. */
  async start(
    script: URL,
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly peer: PeerProcess; readonly line: string }> {
    const environment = Object.entries({ PYTHONPATH: this.directory, ...variables }).map(
      ([name, value]) => `${name}=${value}`,
    );
    const peer = await startPeer('/usr/bin/env', [...environment, PYTHON, fileURLToPath(script), ...args]);
    const line = await new Promise<string>((resolve, reject) => {
      let output = '';
      peer.onOutput((text) => {
        output += text;
        const [first, rest] = output.split('\n', 2);
        if (rest !== undefined) resolve(first as string);
      });
      void peer.exited.then(() => reject(peer.failure('it printed no line')));
    });
    return { peer, line };
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
