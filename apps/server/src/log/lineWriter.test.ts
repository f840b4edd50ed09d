import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { type LineOutput, LineWriter } from './lineWriter.ts';

/** A disk that can be full: takes `room` bytes, then fails. */
class FakeDisk implements LineOutput {
  room = Infinity;
  /** Bytes of one write. */
  most = Infinity;
  text = '';
  writes = 0;
  isClosed = false;

  write(chunk: Buffer): Promise<number> {
    return Promise.resolve().then(() => this.writeSync(chunk));
  }

  writeSync(chunk: Buffer): number {
    this.writes++;
    const bytes = Math.min(chunk.length, this.room, this.most);
    if (bytes === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    this.room -= bytes;
    this.text += chunk.subarray(0, bytes).toString('latin1');
    return bytes;
  }

  prepare = (): Promise<void> => Promise.resolve();

  reopen(): void {}

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }
}

function setUp(options = {}) {
  const clock = new FakeClock();
  const disk = new FakeDisk();
  const troubles: string[] = [];
  const writer = new LineWriter(disk, { clock, onTrouble: (message) => troubles.push(message) }, options);
  return { clock, disk, troubles, writer };
}

describe('LineWriter', () => {
  it('gathers lines for a moment and writes them at once', async () => {
    const { clock, disk, writer } = setUp();
    for (let i = 0; i < 10; i++) writer.write(`${i}\n`);
    expect(disk.writes).toBe(0);
    await clock.advance(10);
    expect(disk.text).toBe('0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n');
    expect(disk.writes).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on where a short write ended', async () => {
    const { clock, disk, writer } = setUp();
    disk.most = 3;
    writer.write('one line\n');
    writer.write('and another\n');
    await clock.advance(10);
    expect(disk.text).toBe('one line\nand another\n');
  });

  it('writes what waits when the process ends', () => {
    const { disk, writer } = setUp();
    writer.write('a\n');
    writer.flushSync();
    expect(disk.text).toBe('a\n');
  });

  it('says once that the disk is full, counts what is lost, and goes on within the same line', async () => {
    const { clock, disk, troubles, writer } = setUp({ maxBuffered: 40 });
    disk.room = 5;
    writer.write('first line\n');
    await clock.advance(10);
    expect(disk.text).toBe('first');
    for (let i = 0; i < 20; i++) writer.write(`line ${i % 10}\n`);
    await clock.advance(5_000);
    expect(troubles).toEqual(['the log cannot be written: ENOSPC: no space left on device']);
    expect(writer.status).toMatchObject({ isFailing: true, lostLines: 15 });
    disk.room = Infinity;
    await clock.advance(2_000);
    const lines = disk.text.split('\n');
    expect(lines.slice(0, 6)).toEqual(['first line', 'line 0', 'line 1', 'line 2', 'line 3', 'line 4']);
    expect(JSON.parse(lines[6] as string)).toMatchObject({ lost_lines: 15, msg: 'log lines were lost' });
    expect(troubles[1]).toBe('the log is written again; 15 lines were lost');
    expect(writer.status.isFailing).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends on a full disk, too', async () => {
    const { clock, disk, writer } = setUp();
    disk.room = 0;
    writer.write('a\n');
    writer.flushSync();
    expect(disk.text).toBe('');
    await writer.close();
    expect(disk.isClosed).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets a caller that is too fast wait, and loses nothing', async () => {
    const { clock, disk, writer } = setUp({ maxBuffered: 1_000 });
    for (let i = 0; i < 1_000; i++) writer.write(`line ${i}\n`);
    await clock.advance(100);
    expect(disk.text.split('\n').filter((line) => line !== '')).toHaveLength(1_000);
    expect(writer.status.lostLines).toBe(0);
  });

  it('writes the rest when it is closed, and takes no more', async () => {
    const { disk, writer } = setUp();
    writer.write('a\n');
    await Promise.all([writer.close(), writer.close()]);
    writer.write('b\n');
    expect(disk.text).toBe('a\n');
    expect(writer.status.lostLines).toBe(1);
  });
});
