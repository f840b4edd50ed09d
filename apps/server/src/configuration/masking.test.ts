import { describe, expect, it } from 'vitest';
import { configurationSchema, type ConfigurationValue } from './definition.ts';
import { conflicts } from './conflicts.ts';
import { planReload } from './plan.ts';

const ALL: ConfigurationValue = { masking: { channels: ['screens', 'logs', 'recordings', 'webhooks'] } };

async function found(value: ConfigurationValue): Promise<ReadonlyArray<readonly [string, string | undefined]>> {
  return (await Promise.all(conflicts.map(async (check) => check(value))))
    .flatMap((each) => [...each])
    .map(({ path, severity }) => [path.join('.'), severity]);
}

describe('masking in a configuration', () => {
  it('takes the channels and roles that there are, and no other key', async () => {
    expect(configurationSchema.safeParse({ masking: {} }).success).toBe(true);
    expect(configurationSchema.safeParse(ALL).success).toBe(true);
    expect(configurationSchema.safeParse({ masking: { channels: ['screen'] } }).success).toBe(false);
    expect(configurationSchema.safeParse({ masking: { channel: ['screens'] } }).success).toBe(false);
    expect(await found({ masking: { exempt_roles: ['operator', 'nobody'] } })).toEqual([
      ['masking.exempt_roles.1', undefined],
    ]);
  });

  it('warns where a front door shows what is masked', async () => {
    const door = { front_door: { port: 0 } };
    expect(await found({ ...ALL, ...door })).toEqual([['masking.channels.0', 'warning']]);
    expect(await found(ALL)).toEqual([]);
    expect(await found({ masking: { channels: ['logs'] }, ...door })).toEqual([]);
  });

  it('wants a restart', () => {
    expect(planReload({}, {}, ALL).action).toBe('restart');
    const exempt = { masking: { ...ALL.masking, exempt_roles: ['operator'] } };
    expect(planReload(ALL, ALL, exempt).action).toBe('restart');
  });
});
