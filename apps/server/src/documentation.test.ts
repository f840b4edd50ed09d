import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemFiles } from '@roundhouse/config';
import { createScope, systemClock } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from './configuration/configuration.ts';
import { eventTable, matrixTable, scheduleTable } from './documentation.fixture.ts';
import { BUILT_IN_ROLES } from './policy/builtIn.ts';

const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

/** What stands between the marks of that name. */
function part(text: string, mark: string): string {
  return new RegExp(`<!-- ${mark} -->\n\n(.*?)\n\n<!-- end of ${mark} -->`, 's').exec(text)?.[1] ?? '';
}

describe('the documentation', () => {
  it('has the rights of the built-in roles', () => {
    expect(part(page('security.md'), 'matrix')).toBe(matrixTable(BUILT_IN_ROLES));
  });

  it('has the schedule of webhooks, and every event', () => {
    expect(part(page('webhooks.md'), 'schedule')).toBe(scheduleTable());
    expect(part(page('webhooks.md'), 'events')).toBe(eventTable());
  });

  const examples = [...page('security.md').matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text as string);

  it('has examples', () => {
    expect(examples).toHaveLength(4);
  });

  it.each(examples)('has valid configuration in its examples: %s', async (example) => {
    const folder = mkdtempSync(join(tmpdir(), 'roundhouse-documentation-'));
    try {
      const file = join(folder, 'roundhouse.yaml');
      const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
      writeFileSync(file, example.replace('$argon2id$…', hash));
      using scope = createScope();
      const deps = {
        files: systemFiles,
        variables: { LDAP_PASSWORD: 'x' },
        clock: systemClock,
        isMachineChecked: false,
      };
      expect((await readConfiguration({ file }, deps, scope)).warnings).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
