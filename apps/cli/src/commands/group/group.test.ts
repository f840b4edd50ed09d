import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, groupOf, Problem } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

const GROUP = groupOf();

let api: FakeApi;
let folder: string;

beforeEach(async () => {
  api = await FakeApi.start();
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-group-'));
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function file(text: string): Promise<string> {
  const path = join(folder, 'group.json');
  await writeFile(path, text);
  return path;
}

describe('group commands', () => {
  it('list and show', async () => {
    api.replies.listEndpointGroups = { items: [GROUP], next_cursor: null };
    expect((await api.cli(['group', 'list'])).stdout).toBe(
      'ID    STRATEGY  FAILBACK  SESSIONS  QUEUED  ENDPOINTS  FALLBACK\n' +
        'prod  p2c       manual    4         0       a,b        -\n',
    );
    api.replies.listEndpointGroups = { items: [], next_cursor: null };
    expect((await api.cli(['group', 'list'])).stdout).toContain('roundhouse group add ID');
    api.replies.getEndpointGroup = GROUP;
    const { stdout } = await api.cli(['group', 'show', 'prod']);
    expect(stdout).toMatch(/^failover\.max_parallel +1$/m);
    expect(stdout).toMatch(/^warm\.ready +1$/m);
    expect(stdout).toMatch(/^endpoints +a, b$/m);
    expect(stdout).not.toMatch(/^(model|fallback) /m);
  });

  it('add one with what the options say', async () => {
    api.replies.createEndpointGroup = GROUP;
    const options = ['--strategy', 'P2C', '--failback', 'when_idle', '--fallback', 'dr', 'far', '--lu', 'POOL'];
    expect((await api.cli(['group', 'add', 'prod', ...options, '--model', '3278-2'])).code).toBe(EXIT.Ok);
    expect(api.asked[0]?.body).toEqual({
      id: 'prod',
      strategy: 'p2c',
      failback: 'when_idle',
      fallback: ['dr', 'far'],
      lu: 'POOL',
      model: '3278-2',
    });
  });

  it('add one from a file, options before it', async () => {
    api.replies.createEndpointGroup = GROUP;
    const path = await file('{"strategy":"random","queue":{"max":3},"navigation":{"steps":[]}}');
    await api.cli(['group', 'add', 'prod', '--file', path, '--strategy', 'p2c']);
    expect(api.asked[0]?.body).toEqual({
      id: 'prod',
      strategy: 'p2c',
      queue: { max: 3 },
      navigation: { steps: [] },
    });
  });

  it.each([
    ['a strategy that there is not', ['--strategy', 'p2'], 'did you mean p2c?'],
    ['a file that there is not', ['--file', '/nonexistent'], 'it cannot be read'],
  ])('refuse %s', async (_title, options, reason) => {
    const { code, stderr } = await api.cli(['group', 'add', 'prod', ...options]);
    expect([code, api.asked]).toEqual([EXIT.Usage, []]);
    expect(stderr).toContain(reason);
  });

  it.each([
    ['{', 'it is not JSON'],
    ['[]', 'an object is wanted'],
  ])('refuse a file with %s', async (text, reason) => {
    const { code, stderr } = await api.cli(['group', 'add', 'prod', '--file', await file(text)]);
    expect([code, api.asked]).toEqual([EXIT.Usage, []]);
    expect(stderr).toContain(reason);
  });

  it('remove, and say why not', async () => {
    expect((await api.cli(['group', 'remove', 'a', 'b'])).stdout).toBe('removed a\nremoved b\n');
    api.replies.deleteEndpointGroup = () => new Problem(409, 'RESOURCE_IN_USE');
    expect((await api.cli(['group', 'remove', 'a'])).code).toBe(EXIT.Conflict);
    api.replies.deleteEndpointGroup = () => new Problem(404, 'GROUP_NOT_FOUND');
    expect((await api.cli(['group', 'remove', 'a'])).code).toBe(EXIT.NotFound);
  });
});
