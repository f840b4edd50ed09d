import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { timeoutMs } from './session.ts';
import { COLOR_NAMES, CONNECTION_STATES, HIGHLIGHT_NAMES, LOCK_REASONS, SCREEN_FORMATS } from './vocabulary.ts';
import { lazyObject } from './lazyObject.ts';

const row = z.int().min(1).max(LIMITS.maxScreenCells).meta({ description: 'From 1.' });
const column = z.int().min(1).max(LIMITS.maxScreenCells).meta({ description: 'From 1.' });

const fieldSchema = lazyObject(() => ({
  row: row.meta({ description: 'Row of the first data cell, from 1.' }),
  column: column.meta({ description: 'Column of the first data cell, from 1.' }),
  length: z.int().min(0),
  value: z.string().meta({ description: 'Without trailing blanks and nulls; empty when the field is hidden.' }),
  protected: z.boolean(),
  numeric: z.boolean(),
  hidden: z.boolean(),
  intensified: z.boolean(),
  modified: z.boolean(),
  color: z.enum(COLOR_NAMES).nullable().meta({ description: 'null where the host gave none.' }),
  highlight: z.enum(HIGHLIGHT_NAMES).nullable(),
})).meta({ id: 'Field' });

const commonShape = {
  session_id: z.string(),
  rows: row,
  columns: column,
  cursor_position: lazyObject(() => ({ row, column })),
  keyboard_locked: z.boolean(),
  lock_reason: z.enum(LOCK_REASONS).nullable(),
  formatted: z.boolean(),
  connection_state: z.enum(CONNECTION_STATES),
  version: z.int().min(0).meta({ description: 'Grows with every change.' }),
};

const screenShape = {
  ...commonShape,
  screen_data: z.string().meta({ description: 'Rows joined by line feeds; hidden fields are blank.' }),
  fields: z.array(fieldSchema),
};

export const screenSchema = z.strictObject(screenShape).meta({ id: 'Screen' });

export const screenCellsSchema = lazyObject(() => ({
  ...commonShape,
  cells: z.array(z.string()).meta({
    description:
      'One string a row, one token a cell: EBCDIC hex, `SF(c0=xx,…)` a field attribute, `SA(…)` before the cell it starts at, `GE(xx)` a graphic escape. The data of hidden fields stands as `..`.',
  }),
})).meta({ id: 'ScreenCells' });

export const inputResultSchema = lazyObject(() => ({
  outcome: z.literal('ok'),
  completed_actions: z.int().min(0),
  ...screenShape,
})).meta({ id: 'InputResult' });

export const screenQuerySchema = lazyObject(() => ({
  format: z.enum(SCREEN_FORMATS).optional(),
  after: z
    .int()
    .min(0)
    .optional()
    .meta({ description: 'Answer when the version is greater, or with the present screen at the time-out.' }),
  timeout_ms: timeoutMs.optional(),
}));

export type ScreenView = z.infer<typeof screenSchema>;
export type ScreenField = z.infer<typeof fieldSchema>;
export type ScreenCells = z.infer<typeof screenCellsSchema>;
export type InputResult = z.infer<typeof inputResultSchema>;
export type ScreenQuery = z.infer<typeof screenQuerySchema>;
