import type { MaskingChannel } from '@roundhouse/api';
import type { FactProvider } from '@roundhouse/audit/compliance';
import type { Gateway } from '@roundhouse/sessions';

export interface MaskingFactsSources {
  readonly gateway: Pick<Gateway, 'masking'>;
  /** It passes on what hosts send: nothing is masked there. */
  readonly hasFrontDoor: boolean;
  readonly masking: {
    readonly channels: { masks(channel: MaskingChannel): boolean };
    /** Of the server itself: opened before all else, and with options of its own. */
    readonly hasMaskedLog: boolean;
  };
}

/** What masks numbers, as it was wired; the audit journal always does, and is none of these. */
export function maskingFacts({ gateway, hasFrontDoor, masking }: MaskingFactsSources): FactProvider {
  const { channels, hasMaskedLog } = masking;
  const isMasked: Readonly<Record<MaskingChannel, () => boolean>> = {
    screens: () => gateway.masking.screens && !hasFrontDoor,
    logs: () => channels.masks('logs') && hasMaskedLog,
    recordings: () => gateway.masking.snapshots,
    webhooks: () => channels.masks('webhooks'),
  };
  return {
    name: 'masking',
    names: ['masking.channels'],
    gather: async () => ({
      'masking.channels': Object.entries(isMasked).flatMap(([channel, masks]) => (masks() ? [channel] : [])),
    }),
  };
}
