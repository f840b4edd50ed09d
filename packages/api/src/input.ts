import { z } from 'zod';
import { DEFAULTS, LIMITS } from './limits.ts';
import { timeoutMs } from './session.ts';
import { KEY_NAMES } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

const row = z.int().min(1).max(LIMITS.maxScreenCells);
const column = z.int().min(1).max(LIMITS.maxScreenCells);
const text = z.string().max(LIMITS.maxTextLength);

const actionSchema = z
  .discriminatedUnion('type', [
    lazyObject(() => ({ type: z.literal('text'), text })),
    lazyObject(() => ({ type: z.literal('key'), key: z.enum(KEY_NAMES) })),
    lazyObject(() => ({ type: z.literal('cursor'), row, column })),
    lazyObject(() => ({ type: z.literal('field'), row, column, value: text })),
  ])
  .meta({ id: 'InputAction' });

const timeout = timeoutMs.optional().meta({ description: `Default ${DEFAULTS.inputTimeoutMs}.` });

const waitSchema = z
  .discriminatedUnion('for', [
    lazyObject(() => ({ for: z.literal('unlocked'), timeout_ms: timeout })),
    lazyObject(() => ({
      for: z.literal('text'),
      text: text.min(1),
      row: row.optional(),
      column: column.optional(),
      timeout_ms: timeout,
    })),
    lazyObject(() => ({ for: z.literal('cursor'), row, column, timeout_ms: timeout })),
    lazyObject(() => ({ for: z.literal('change'), after: z.int().min(0).optional(), timeout_ms: timeout })),
    lazyObject(() => ({ for: z.literal('none'), timeout_ms: timeout })),
  ])
  .meta({
    id: 'InputWait',
    description:
      'What to wait for after the actions. Default: unlocked when a key among them calls the host, else none.',
  });

export const inputSchema = lazyObject(() => ({
  actions: z.array(actionSchema).max(LIMITS.maxActions),
  wait: waitSchema.optional(),
})).meta({ id: 'Input' });

export type ActionRequest = z.infer<typeof actionSchema>;
export type WaitRequest = z.infer<typeof waitSchema>;
export type InputRequest = z.infer<typeof inputSchema>;
