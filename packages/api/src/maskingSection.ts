import { z } from 'zod';
import { lazyObject } from './lazyObject.ts';
import { resourceIdSchema } from './resourceId.ts';

/** Ways out of the server on which numbers can be masked. */
export const MASKING_CHANNELS = ['screens', 'logs', 'recordings', 'webhooks'] as const;

export type MaskingChannel = (typeof MASKING_CHANNELS)[number];

/** Numbers of cards and social security numbers, hidden but for the last four digits of a card. */
export const maskingSectionSchema = lazyObject(() => ({
  channels: z.array(z.enum(MASKING_CHANNELS)).max(MASKING_CHANNELS.length).optional().meta({
    description:
      '`screens`: every view of a screen, answers to input and snapshots; not the front door, which passes on what the host sends. `logs`: the log of the server, and those of workers as they are shown; files of workers stay as they are. `recordings`: snapshots, whatever `screens` says. `webhooks`: events wherever they are told: webhooks, event streams, letters. Default: none.',
  }),
  exempt_roles: z.array(resourceIdSchema).max(100).optional().meta({
    description: 'Whoever has one of these roles sees screens and snapshots as they are. Default: nobody.',
  }),
}));
