import { LOCK } from './lock.ts';

/** Operator errors: the keystroke was wrong for the place where the cursor stands. */
export const OPERATOR_ERROR_BITS = {
  protected: LOCK.Protected,
  numeric: LOCK.Numeric,
  overflow: LOCK.Overflow,
  dbcs: LOCK.Dbcs,
} as const;

export type OperatorError = keyof typeof OPERATOR_ERROR_BITS;

/** What an edit of the buffer came to. Unless it is `ok` the buffer and the cursor are untouched. */
export type EditOutcome = 'ok' | OperatorError | 'unavailable';

/** What became of a keystroke. */
export type KeyOutcome =
  | EditOutcome
  /** Typed ahead: it runs when the keyboard unlocks. */
  | 'queued'
  /** The keyboard is locked in a way that takes no type-ahead, the queue is full, or the stroke was immediate. */
  | 'locked'
  /** Neither the code page nor the APL set has the character, or the field takes APL characters alone. */
  | 'unmappable';

export function isOperatorError(outcome: KeyOutcome): outcome is OperatorError {
  return Object.hasOwn(OPERATOR_ERROR_BITS, outcome);
}
