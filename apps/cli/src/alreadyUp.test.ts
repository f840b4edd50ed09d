import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineErrors } from '@roundhouse/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { unlessUp } from './alreadyUp.ts';
import { writeLocalServer } from './home.ts';

const entry = { message: 'no', hint: 'no', retryable: false, status: 500 };
const refusal = defineErrors({ AUDIT_LOCKED: entry, HOME_UNUSABLE: entry });

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'roundhouse-up-'));
  await mkdir(join(home, 'run'));
});
afterEach(() => rm(home, { recursive: true }));

async function told(work: Promise<unknown>): Promise<string> {
  let stderr = '';
  const output = { write: (text: string) => void (stderr += text) };
  const io = { version: '1', env: { ROUNDHOUSE_HOME: home }, stdout: output, stderr: output };
  await expect(unlessUp(io, work)).rejects.toThrow('no');
  return stderr;
}

const lock = (pid: number): Promise<void> => writeFile(join(home, 'run', 'lock'), `${pid} 1 boot\n`);

it('who is there already is named, where the start fails for that', async () => {
  await lock(process.ppid);
  await writeLocalServer({ ROUNDHOUSE_HOME: home }, { url: 'http://127.0.0.1:7070', token: 'x' });
  expect(await told(Promise.reject(refusal('AUDIT_LOCKED')))).toBe(
    `roundhouse: process ${process.ppid} serves ${home} already at http://127.0.0.1:7070; ` +
      `the other commands ask it, and "kill ${process.ppid}" stops it\n`,
  );
});

it('nobody is named who is not there, or is not to blame', async () => {
  await lock(process.ppid);
  expect(await told(Promise.reject(refusal('HOME_UNUSABLE')))).toBe('');
  expect(await told(Promise.reject(new Error('no')))).toBe('');
  // Larger than any.
  await lock(4_194_305);
  expect(await told(Promise.reject(refusal('AUDIT_LOCKED')))).toBe('');
});

it('what goes well says nothing', async () => {
  const output = { write: () => expect.unreachable() };
  const io = { version: '1', env: { ROUNDHOUSE_HOME: home }, stdout: output, stderr: output };
  expect(await unlessUp(io, Promise.resolve(7))).toBe(7);
});
