import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('./withoutDescriptors.fixture.ts', import.meta.url));

describe('a process without a descriptor left', () => {
  it('goes on without the figures that cannot be had', { timeout: 60_000 }, async () => {
    const node = [process.execPath, '--conditions=source', PROGRAM];
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', ...node]);
    expect(stdout).toBe('EMFILE NaN 0');
  });
});
