import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FakeApi, Problem, workerOf } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';
import type { Input } from '../../io.ts';

let api: FakeApi;
let folder: string;

beforeEach(async () => {
  api = await FakeApi.start();
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-import-'));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function* inputOf(text: string): Input {
  yield text;
}

interface Manifest {
  readonly workers: ReadonlyArray<{ readonly id: string }>;
}

describe('worker import', () => {
  it.each([
    ['procfile', 'Procfile', 'web: node web.js\n'],
    ['pm2', 'ecosystem.json', '{"apps":[{"name":"web","script":"/srv/web.js"}]}'],
    ['supervisord', 'supervisord.conf', '[program:web]\ncommand=/usr/bin/web\n'],
    ['systemd', 'web.service', '[Service]\nExecStart=/usr/bin/web\n'],
  ])('writes what a file of %s has in a form that "apply" takes', async (format, name, text) => {
    const { code, stdout } = await api.cli(['worker', 'import', format, await file(name, text)]);
    expect([code, (parse(stdout) as Manifest).workers.map(({ id }) => id)]).toEqual([EXIT.Ok, ['web']]);
    api.replies.getWorker = () => new Problem(404, 'WORKER_NOT_FOUND');
    const plan = await api.cli(['apply', '--dry-run', '-f', '-'], { stdin: inputOf(stdout) });
    expect([plan.code, plan.stdout]).toEqual([EXIT.Ok, 'would be created    worker web\n']);
  });

  it('reads standard input, and writes JSON', async () => {
    const { stdout } = await api.cli(['worker', 'import', 'procfile', '-', '--json'], { stdin: inputOf('a: b $PORT') });
    expect(JSON.parse(stdout)).toMatchObject({
      workers: [{ id: 'a' }],
      notes: expect.arrayContaining([expect.stringMatching(/^a: `PORT` /)]) as unknown,
    });
  });

  it('has the server run them with --apply, each behind those that it depends on', async () => {
    const units = [
      await file(
        'front.service',
        '[Unit]\nAfter=back.service\nRequires=back.service\n[Service]\nExecStart=/bin/front\n',
      ),
      await file('back.service', '[Service]\nExecStart=/bin/back\n'),
    ];
    api.replies.getWorker = () => new Problem(404, 'WORKER_NOT_FOUND');
    api.replies.createWorker = ({ body }) => workerOf({ id: (body as { id: string }).id });
    const { code, stdout } = await api.cli(['worker', 'import', 'systemd', ...units, '--apply']);
    expect([code, stdout]).toEqual([EXIT.Ok, 'created    worker back\ncreated    worker front\n']);
  });

  it('names the file that is wrong, and the line', async () => {
    const good = await file('a', 'web: x\n');
    const bad = await file('b', 'job: y\n\nno command\n');
    const { code, stdout, stderr } = await api.cli(['worker', 'import', 'procfile', good, bad]);
    expect([code, stdout]).toEqual([EXIT.ConfigInvalid, '']);
    expect(stderr).toContain(`roundhouse: ${bad}:3: This is no Procfile`);
    const units = [
      await file('good.service', '[Service]\nExecStart=/bin/good\n'),
      await file('bad.service', '[Service]\nExecStart=/bin/bad\nNice=high\n'),
    ];
    const refused = await api.cli(['worker', 'import', 'systemd', ...units, '--json']);
    expect(JSON.parse(refused.stderr)).toMatchObject({
      error: { code: 'IMPORT_INVALID', details: { file: units[1], line: 3 } },
    });
    const unreadable = await api.cli(['worker', 'import', 'pm2', '-'], { stdin: inputOf('{') });
    expect(unreadable.stderr).toContain('roundhouse: standard input:1: This is no PM2 ecosystem');
  });

  it('refuses what it cannot read, and two workers of one name', async () => {
    const first = await file('a', 'web: x\n');
    const second = await file('b', 'web: y\n');
    const doubled = await api.cli(['worker', 'import', 'procfile', first, second]);
    expect([doubled.code, doubled.stderr]).toEqual([EXIT.Usage, expect.stringContaining('worker web stands in')]);
    const bad = await api.cli(['worker', 'import', 'pm2', await file('c', 'module.exports = {}')]);
    expect([bad.code, bad.stderr]).toEqual([EXIT.ConfigInvalid, expect.stringContaining('code: IMPORT_INVALID')]);
    expect((await api.cli(['worker', 'import', 'pm2', join(folder, 'none')])).code).toBe(EXIT.Usage);
    expect((await api.cli(['worker', 'import', 'pm3', first])).code).toBe(EXIT.Usage);
    expect(api.asked).toEqual([]);
  });
});
