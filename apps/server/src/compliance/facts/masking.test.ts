import { MASKING_CHANNELS, type MaskingChannel } from '@roundhouse/api';
import { createScope } from '@roundhouse/core';
import { describe, expect, it } from 'vitest';
import { Masking } from '../../masking/masking.ts';
import { maskingFacts } from './masking.ts';

async function channelsOf(
  named: readonly MaskingChannel[],
  { hasFrontDoor = false, hasMaskedLog = true, screens = true, snapshots = true } = {},
): Promise<unknown> {
  using scope = createScope();
  const provider = maskingFacts({
    gateway: {
      masking: { screens: screens && named.includes('screens'), snapshots: snapshots && named.includes('recordings') },
    },
    hasFrontDoor,
    masking: { channels: new Masking({ channels: named }), hasMaskedLog },
  });
  return (await provider.gather(scope))['masking.channels'];
}

describe('the facts of masking', () => {
  it('are what is wired, and not what is asked for', async () => {
    expect(await channelsOf([])).toEqual([]);
    expect(await channelsOf(MASKING_CHANNELS)).toEqual(MASKING_CHANNELS);
    expect(await channelsOf(MASKING_CHANNELS, { hasFrontDoor: true })).toEqual(['logs', 'recordings', 'webhooks']);
    expect(await channelsOf(MASKING_CHANNELS, { hasMaskedLog: false })).toEqual(['screens', 'recordings', 'webhooks']);
    expect(await channelsOf(MASKING_CHANNELS, { screens: false, snapshots: false })).toEqual(['logs', 'webhooks']);
  });
});
