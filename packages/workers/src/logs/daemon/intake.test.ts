import { FakeClock } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';
import { ByteRate } from './byteRate.ts';
import { type Appendix, Intake } from './intake.ts';

/** A disk of so many bytes. */
class Disk implements Appendix {
  text = '';
  room = Infinity;
  fault: unknown;

  get isAtLineStart(): boolean {
    return this.text === '' || this.text.endsWith('\n');
  }

  append(bytes: Uint8Array, start: number, end: number): number {
    const count = Math.min(end - start, this.room);
    this.text += Buffer.from(bytes.subarray(start, start + count)).toString();
    this.room -= count;
    this.fault = count < end - start ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : undefined;
    return count;
  }
}

function intakeOn(
  disk: Disk,
  clock: FakeClock,
  bytesPerSecond?: number,
): { intake: Intake; faults: unknown[]; write: (text: string) => void } {
  const faults: unknown[] = [];
  const rate = bytesPerSecond === undefined ? undefined : new ByteRate(bytesPerSecond, clock);
  const intake = new Intake(disk, rate, { clock, onFault: (fault) => faults.push(fault) });
  return {
    intake,
    faults,
    write: (text) => intake.receive(Buffer.from(`${text}rest of the buffer`), Buffer.byteLength(text)),
  };
}

describe('Intake', () => {
  it('keeps all of it where there is no rate', () => {
    const disk = new Disk();
    const { write } = intakeOn(disk, new FakeClock());
    write('one\ntw');
    write('o\n');
    expect(disk.text).toBe('one\ntwo\n');
  });

  it('drops whole lines above the rate, and tells how many bytes before it goes on', async () => {
    const disk = new Disk();
    const clock = new FakeClock();
    const { intake, write } = intakeOn(disk, clock, 10);
    write('aaa\nbbb\nccc\nddd');
    expect(disk.text).toBe('aaa\nbbb\n');
    write('DDD\n');
    await clock.advance(500);
    // The end of a line whose beginning was dropped is dropped as well.
    write('EEE\nfff\n');
    expect(disk.text).toBe('aaa\nbbb\n[roundhouse] 15 bytes dropped: more than 10 bytes a second\nfff\n');
    intake.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('tells a loss that nothing follows', async () => {
    const disk = new Disk();
    const clock = new FakeClock();
    const { write } = intakeOn(disk, clock, 4);
    write('aaa\nbbb\n');
    await clock.advance(1_000);
    expect(disk.text).toBe('aaa\n[roundhouse] 4 bytes dropped: more than 4 bytes a second\n');
    expect(clock.pendingTimers).toBe(0);
  });

  it('goes on in a stream without lines', async () => {
    const disk = new Disk();
    const clock = new FakeClock();
    const { write } = intakeOn(disk, clock, 100);
    write('x'.repeat(101));
    await clock.advance(500);
    write('y');
    await clock.advance(500);
    write('z');
    expect(disk.text).toBe('[roundhouse] 102 bytes dropped: more than 100 bytes a second\nz');
  });

  it('drops what a full disk does not take, tries each second, and tells it when there is room', async () => {
    const disk = new Disk();
    const clock = new FakeClock();
    const { intake, faults, write } = intakeOn(disk, clock);
    disk.room = 6;
    write('aaa\nbbb\n');
    expect(disk.text).toBe('aaa\nbb');
    write('ccc\n');
    await clock.advance(5_000);
    expect(faults.length).toBe(1);
    disk.room = Infinity;
    await clock.advance(1_000);
    expect(disk.text).toMatch(/^aaa\nbb\n\[roundhouse\] 6 bytes dropped: there was no room on the disk\n$/);
    write('ddd\n');
    expect(disk.text.endsWith('disk\nddd\n')).toBe(true);
    expect(faults).toEqual([expect.objectContaining({ code: 'ENOSPC' }), undefined]);
    intake.close();
    expect(clock.pendingTimers).toBe(0);
  });
});
