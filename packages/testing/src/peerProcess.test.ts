import { describe, expect, it } from 'vitest';
import { isInstalled, startPeer } from './peerProcess.ts';

const NODE = process.execPath;
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('PeerProcess', () => {
  it('rejects a program that cannot be started', async () => {
    expect(isInstalled('no-such-program')).toBe(false);
    await expect(startPeer('no-such-program', [])).rejects.toMatchObject({ code: 'PEER_FAILED' });
  });

  it('ends on close, is reaped, and may be closed again', async () => {
    const peer = await startPeer(NODE, ['-e', 'process.stdin.resume()']);
    expect(alive(peer.pid)).toBe(true);
    await peer.close();
    await peer.close();
    expect(peer.exit).toEqual({ code: null, signal: 'SIGTERM' });
    expect(alive(peer.pid)).toBe(false);
  });

  it('is killed when it does not end in its time', async () => {
    const stubborn = `process.on('SIGTERM', () => {}); process.stdin.resume(); console.log('up')`;
    const peer = await startPeer(NODE, ['-e', stubborn]);
    await new Promise<void>((resolve) => peer.onOutput(() => resolve()));
    await peer.close(20);
    expect(peer.exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  it('tells in its failure how it ended and what it printed', async () => {
    const peer = await startPeer(NODE, ['-e', `console.error('no disk'); process.exitCode = 3`]);
    await peer.exited;
    expect(peer.failure('it broke').message).toContain('it broke (exit code 3): no disk');
  });
});
