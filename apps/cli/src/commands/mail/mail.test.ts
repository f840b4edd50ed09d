import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MailResource } from '@roundhouse/api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, Problem } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;
let folder: string;

beforeEach(async () => {
  api = await FakeApi.start();
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-mail-'));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const MAIL: MailResource = {
  id: '001-1-ab',
  kept_at: '2026-01-01T00:00:00.000Z',
  text_bytes: 812,
  from: 'zos1@b.example',
  to: ['ops@a.example', 'dev@a.example'],
  header_from: null,
  subject: 'JOB4711 \u001b[31mABEND',
  message_id: null,
  address: '127.0.0.1',
  tls: true,
};
const TEXT = 'Subject: x\r\n\r\nred \u001b[31m\r\n';

describe('mail commands', () => {
  it('list, show and remove, and what a sender wrote steers no terminal', async () => {
    api.replies.listMail = { items: [MAIL], next_cursor: 'more' };
    const { stdout, stderr } = await api.cli(['mail', 'list', '--limit', '1']);
    expect(stdout).toMatch(/^001-1-ab +\S+Z +812 +zos1@b\.example +ops@a\.example,dev@a\.example +JOB4711 .*ABEND$/m);
    expect(stdout).not.toContain('\u001b');
    expect(stderr).toContain('--limit');
    api.replies.listMail = { items: [], next_cursor: null };
    expect((await api.cli(['mail', 'list'])).stdout).toContain('keep: store');
    api.replies.getMail = MAIL;
    expect((await api.cli(['mail', 'show', MAIL.id])).stdout).toMatch(/^to +ops@a\.example, dev@a\.example$/m);
    api.replies.getMail = () => new Problem(404, 'MAIL_NOT_FOUND');
    expect((await api.cli(['mail', 'show', 'none'])).code).toBe(EXIT.NotFound);
    expect((await api.cli(['mail', 'remove', 'a', 'b'])).stdout).toBe('removed a\nremoved b\n');
  });

  it('write the text, and into a file as it came', async () => {
    api.replies.getMailText = TEXT;
    expect((await api.cli(['mail', 'text', MAIL.id])).stdout).toBe(TEXT);
    const file = join(folder, 'mail.eml');
    expect((await api.cli(['mail', 'text', MAIL.id, '-o', file])).stdout).toContain(`${TEXT.length} bytes`);
    expect(await readFile(file, 'utf8')).toBe(TEXT);
  });
});
