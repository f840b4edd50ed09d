import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeApi, operationOf, Problem } from '../../api.fixture.ts';
import { EXIT } from '../../exit.ts';

let api: FakeApi;

beforeEach(async () => {
  api = await FakeApi.start();
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

describe('operation commands', () => {
  it('list and show', async () => {
    const failed = operationOf(['pending', 'failed'], { error: { code: 'X', message: 'No', hint: 'Try on.' } });
    api.replies.listOperations = { items: [failed], next_cursor: null };
    expect((await api.cli(['operation', 'list'])).stdout).toMatch(/^op_1 +migrate +failed +ses_1 +lpar2 +\S+ +X$/m);
    api.replies.listOperations = { items: [], next_cursor: null };
    expect((await api.cli(['operation', 'list'])).stdout).toContain('roundhouse session migrate ID --to ENDPOINT');
    api.replies.getOperation = failed;
    const { code, stdout } = await api.cli(['operation', 'show', 'op_1']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/^steps\.failed +2026-01-01T00:00:01\.000Z$/m);
    expect(stdout).toMatch(/^error +X: No$/m);
    api.replies.getOperation = () => new Problem(404, 'OPERATION_NOT_FOUND');
    expect((await api.cli(['operation', 'show', 'op_2'])).code).toBe(EXIT.NotFound);
  });

  it('wait for its end', async () => {
    const lives = [operationOf(['pending']), operationOf(['pending', 'in_progress', 'completed'])];
    api.replies.getOperation = () => lives.shift() as object;
    const { code, stdout } = await api.cli(['operation', 'wait', 'op_1']);
    expect(code).toBe(EXIT.Ok);
    expect(stdout).toMatch(/  pending\n.+  in_progress\n.+  completed\nses_1 is on lpar2\n$/);
  });

  it('wait no longer than they are told to', async () => {
    api.replies.getOperation = operationOf(['pending', 'reconnecting']);
    const { code, stderr } = await api.cli(['operation', 'wait', 'op_1', '--timeout', '600ms']);
    expect(code).toBe(EXIT.WaitTimeout);
    expect(stderr).toContain('Operation op_1 is reconnecting, and not finished within 600 ms');
    // At 0, 250, 500 and 600 ms.
    expect(api.asked).toHaveLength(4);
  });
});
