import { chownSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '@roundhouse/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeKernel } from '../limits/kernel.fixture.ts';
import { Processes } from '../process/processes.ts';
import type { AttachSpec } from '../spec/spec.ts';
import { Locator } from './locator.ts';

const BOOT = 'b00t';
/** Since boot, s. */
const UPTIME = 10_000;
const TICKS = 100;

interface Program {
  readonly pid: number;
  readonly parent?: number;
  readonly command?: readonly string[];
  readonly name?: string;
  readonly file?: string;
  readonly state?: string;
  readonly user?: number;
  readonly threadGroup?: number;
  /** How long ago it began, s. */
  readonly age?: number;
  /** Inodes of its sockets; undefined: they may not be looked at. */
  readonly sockets?: readonly number[];
}

/** Some directories are not for everybody. */
class GuardedKernel extends FakeKernel {
  readonly guarded = new Set<string>();

  override list(path: string): readonly string[] {
    if (this.guarded.has(path)) throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
    return super.list(path);
  }
}

describe('a process that somebody else has started', () => {
  let kernel: GuardedKernel;
  let clock: FakeClock;
  let locator: Locator;
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'roundhouse-attach-'));
    kernel = new GuardedKernel();
    kernel.files.set('/proc/sys/kernel/random/boot_id', `${BOOT}\n`);
    kernel.files.set('/proc/uptime', `${UPTIME}.00 1.00\n`);
    clock = new FakeClock();
    locator = new Locator(kernel, new Processes(kernel, clock));
  });

  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function run({ pid, parent, command = ['/usr/sbin/program'], age = 100, ...rest }: Program): void {
    const { name = 'program', file, state = 'S', user = 1_000, threadGroup = pid, sockets = [] } = rest;
    kernel.run({ pid, parent: parent ?? 1, state, startTime: (UPTIME - age) * TICKS });
    kernel.files.set(`/proc/${pid}/comm`, `${name}\n`);
    kernel.files.set(`/proc/${pid}/cmdline`, command.map((each) => `${each}\0`).join(''));
    kernel.files.set(`/proc/${pid}/status`, `Name:\t${name}\nTgid:\t${threadGroup}\nUid:\t${user}\t${user}\t0\t0\n`);
    if (file !== undefined) kernel.links.set(`/proc/${pid}/exe`, file);
    kernel.links.set(`/proc/${pid}/fd/0`, '/dev/null');
    for (const [index, inode] of sockets.entries())
      kernel.links.set(`/proc/${pid}/fd/${index + 3}`, `socket:[${inode}]`);
  }

  async function locate(by: AttachSpec['by']): Promise<number | string> {
    const location = await locator.locate(by);
    return location.process === undefined ? location.reason : location.process.pid;
  }

  describe('by its file', () => {
    const path = (): string => join(directory, 'pid');
    const byFile = (file = path()): Promise<number | string> => locate({ kind: 'pid_file', path: file });

    /** `age`: how long ago, s. */
    function write(text: string, age: number): void {
      writeFileSync(path(), text);
      const at = (clock.now() - age * 1_000) / 1_000;
      utimesSync(path(), at, at);
    }

    it.each([
      ['a number', '500'],
      ['a number and a line end', '500\n'],
      ['a number before other lines', '500\n/var/lib/data\n1700000000\n'],
      ['blanks around it', '  500  \n'],
    ])('is found by %s', async (_what, text) => {
      run({ pid: 500, age: 100 });
      write(text, 99);
      expect(await locator.locate({ kind: 'pid_file', path: path() })).toEqual({
        process: { pid: 500, startTime: (UPTIME - 100) * TICKS, bootId: BOOT },
      });
    });

    it.each(['', '\n', 'none', '-500', '0x1f4', '500abc', '1', '0', '99999999999999999999', String(process.pid)])(
      'is not found by a file with %j',
      async (text) => {
        run({ pid: 500 });
        run({ pid: process.pid });
        write(text, 1);
        expect(await byFile()).toBe('not_found');
      },
    );

    it('is not found without the file, or by what is no file', async () => {
      expect(await byFile()).toBe('not_found');
      expect(await byFile(directory)).toBe('not_found');
    });

    it.each([
      ['has ended', { pid: 501 }],
      ['is a zombie', { pid: 500, state: 'Z' }],
      ['has its number given to one that began after the file was written', { pid: 500, age: 40 }],
      ['has its number given to a thread of another', { pid: 500, threadGroup: 499 }],
    ])('is not believed in when it %s', async (_what, program) => {
      run(program);
      write('500', 50);
      expect(await byFile()).toBe('stale_pid_file');
    });

    it('may have written its file as soon as it began, clocks being what they are', async () => {
      run({ pid: 500, age: 50 });
      write('500', 51);
      expect(await byFile()).toBe(500);
    });

    it('has the time of the file that a link leads to', async () => {
      write('500', 50);
      const link = join(directory, 'link');
      symlinkSync(path(), link);
      run({ pid: 500, age: 40 });
      expect(await byFile(link)).toBe('stale_pid_file');
      run({ pid: 500, age: 60 });
      expect(await byFile(link)).toBe(500);
    });

    it('is not handed to us by a file of a third user', async ({ skip }) => {
      skip(process.geteuid?.() !== 0, 'only root can give a file away');
      run({ pid: 500, user: 77 });
      write('500', 50);
      expect(await byFile()).toBe(500);
      chownSync(path(), 78, 78);
      expect(await byFile()).toBe('forbidden');
      chownSync(path(), 77, 77);
      expect(await byFile()).toBe(500);
    });
  });

  describe('by name', () => {
    const byName = (name: string, ...given: string[]): Promise<number | string> =>
      locate({ kind: 'name', name, arguments: given });

    it('is found by the name of its program, or by what it calls itself', async () => {
      run({ pid: 500, name: 'server', command: ['/opt/bin/python3', '/opt/server'] });
      expect(await byName('server')).toBe(500);
      expect(await byName('python3')).toBe(500);
      expect(await byName('serve')).toBe('not_found');
      expect(await byName('server', '/opt/server')).toBe(500);
      expect(await byName('server', '/opt/serve')).toBe('not_found');
    });

    it('is told from others by its arguments, in any place', async () => {
      run({ pid: 500, name: 'java', command: ['java', '-jar', 'a.jar', '--port', '1'] });
      run({ pid: 600, name: 'java', command: ['java', '-jar', 'b.jar', '--port', '1'] });
      expect(await byName('java', 'b.jar')).toBe(600);
      expect(await byName('java', '1', '-jar', 'a.jar')).toBe(500);
      expect(await byName('java')).toBe('ambiguous');
    });

    it('is not taken for another whose name begins with the same fifteen letters', async () => {
      run({ pid: 500, name: 'settlement-work', command: ['x: renamed'], file: '/opt/settlement-worker-a' });
      run({ pid: 600, name: 'settlement-work', command: ['/bin/sh', '/opt/settlement-worker-b'], file: '/bin/dash' });
      run({ pid: 700, name: 'settlement-work', command: ['x: renamed'] });
      expect(await byName('settlement-worker-a')).toBe(500);
      expect(await byName('settlement-worker-b')).toBe(600);
      expect(await byName('settlement-worker')).toBe('not_found');
      expect(await byName('settlement-work')).toBe('not_found');
      kernel.links.set('/proc/500/exe', '/opt/settlement-worker-a (deleted)');
      expect(await byName('settlement-worker-a')).toBe(500);
    });

    it('is the one that the others descend from, whoever is between them', async () => {
      run({ pid: 500, command: ['nginx: master process nginx'], name: 'nginx' });
      run({ pid: 501, command: ['nginx: worker process'], name: 'nginx', parent: 500 });
      run({ pid: 502, command: ['sh', '-c', 'nginx'], name: 'sh', parent: 500 });
      run({ pid: 503, command: ['nginx: helper'], name: 'nginx', parent: 502 });
      expect(await byName('nginx')).toBe(500);
      run({ pid: 600, command: ['nginx: master process nginx'], name: 'nginx' });
      expect(await byName('nginx')).toBe('ambiguous');
    });

    it('is not confused by the dead, by threads of the kernel, and by who looks', async () => {
      run({ pid: 500 });
      run({ pid: 400, state: 'Z' });
      run({ pid: 300, command: [] });
      run({ pid: process.pid });
      expect(await byName('program')).toBe(500);
    });
  });

  describe('by port', () => {
    const byPort = (port: number): Promise<number | string> => locate({ kind: 'port', port });

    function listen(table: 'tcp' | 'tcp6', port: number, inode: number, state = '0A'): void {
      const address = table === 'tcp' ? '0100007F' : '00000000000000000000000001000000';
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      const before = kernel.files.get(`/proc/net/${table}`) ?? '  sl  local_address rem_address   st\n';
      const line = `   0: ${address}:${hex} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0`;
      kernel.files.set(`/proc/net/${table}`, `${before}${line}\n`);
    }

    it.each(['tcp', 'tcp6'] as const)('is found by what it listens on (%s)', async (table) => {
      listen(table, 80, 9_001);
      run({ pid: 500, sockets: [9_001] });
      run({ pid: 600, sockets: [9_002] });
      expect(await byPort(80)).toBe(500);
      expect(await byPort(8_080)).toBe('not_found');
    });

    it('is not who only connects from there', async () => {
      listen('tcp', 80, 9_001, '01');
      run({ pid: 500, sockets: [9_001] });
      expect(await byPort(80)).toBe('not_found');
    });

    it('is the one that has opened it, when its children hold it too', async () => {
      listen('tcp', 80, 9_001);
      listen('tcp6', 80, 9_002);
      run({ pid: 500, sockets: [9_001, 9_002] });
      run({ pid: 501, parent: 500, sockets: [9_002] });
      run({ pid: 502, parent: 501, sockets: [9_001] });
      expect(await byPort(80)).toBe(500);
      run({ pid: 600, sockets: [9_001] });
      expect(await byPort(80)).toBe('ambiguous');
    });

    it('is nobody to be sure of when it belongs to another user', async () => {
      listen('tcp', 80, 9_001);
      run({ pid: 500, sockets: [9_001] });
      kernel.guarded.add('/proc/500/fd');
      run({ pid: 600 });
      expect(await byPort(80)).toBe('forbidden');
    });
  });
});
