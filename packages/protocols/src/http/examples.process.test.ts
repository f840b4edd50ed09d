import { fileURLToPath } from 'node:url';
import { startPeer } from '@roundhouse/testing';
import { describe, expect, it } from 'vitest';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/net/', import.meta.url));

describe('the example', () => {
  it.each([
    ['httpRest.ts', "200 { text: 'feed the mainframe' }\n405 GET, HEAD, OPTIONS, PUT\n"],
    ['httpFiles.ts', '200 2700 characters\n206 bytes 2-5/2700 rose\n304\n404\n'],
    ['httpEvents.ts', 'count two 2\ncount three 3\n'],
  ])('%s does what it says', async (name, output) => {
    await using example = await startPeer(process.execPath, ['--conditions=source', `${EXAMPLES}${name}`]);
    await example.exitWithin(30_000);
    expect(example.output).toBe(output);
    expect(example.exit).toEqual({ code: 0, signal: null });
  });
});
