/**
 * Why input is refused, as a set of bits: several reasons may hold at once. The low four bits are an operator error, of
 * which there is at most one. Names follow the operator information area of the 3270 and the reference emulator.
 */
export const LOCK = {
  /** Operator error: the cursor is in a protected field. */
  Protected: 0x0001,
  /** Operator error: not a digit, sign, comma or period in a numeric field. */
  Numeric: 0x0002,
  /** Operator error: insert into a full field. */
  Overflow: 0x0003,
  /** Operator error: invalid double-byte operation. */
  Dbcs: 0x0004,
  OperatorErrorMask: 0x000f,
  NotConnected: 0x0010,
  /** Nothing has come from the host yet. */
  AwaitingFirst: 0x0020,
  /** Wait: an AID was sent and the host has not answered (X Wait, OIA TWAIT). */
  Twait: 0x0040,
  /** Locked by the host or the system (X SYSTEM). */
  System: 0x0080,
  /** The host unlocked; a short delay absorbs hosts that unlock before they have finished writing. */
  DeferredUnlock: 0x0100,
  /** Enter is inhibited after a query reply until the host writes. */
  EnterInhibit: 0x0200,
  /** The display is scrolled back. */
  Scrolled: 0x0400,
  /** Function not available in this state (X −f). */
  Minus: 0x0800,
  /** A file transfer runs. */
  FileTransfer: 0x1000,
  /** The host has bid for the session. */
  Bid: 0x2000,
} as const;

export type LockReason =
  | 'protected'
  | 'numeric'
  | 'overflow'
  | 'dbcs'
  | 'not_connected'
  | 'awaiting_first'
  | 'twait'
  | 'system'
  | 'deferred_unlock'
  | 'enter_inhibit'
  | 'scrolled'
  | 'minus'
  | 'file_transfer'
  | 'bid';

const OPERATOR_ERRORS: Readonly<Record<number, LockReason>> = {
  1: 'protected',
  2: 'numeric',
  3: 'overflow',
  4: 'dbcs',
};

const REASONS: ReadonlyArray<readonly [bit: number, reason: LockReason]> = [
  [LOCK.NotConnected, 'not_connected'],
  [LOCK.AwaitingFirst, 'awaiting_first'],
  [LOCK.Twait, 'twait'],
  [LOCK.System, 'system'],
  [LOCK.Minus, 'minus'],
  [LOCK.FileTransfer, 'file_transfer'],
  [LOCK.Bid, 'bid'],
  [LOCK.EnterInhibit, 'enter_inhibit'],
  [LOCK.DeferredUnlock, 'deferred_unlock'],
  [LOCK.Scrolled, 'scrolled'],
];

/** The reason to show a person: the operator error first, then the most lasting one; null when unlocked. */
export function lockReason(lock: number): LockReason | null {
  const operatorError = OPERATOR_ERRORS[lock & LOCK.OperatorErrorMask];
  if (operatorError !== undefined) return operatorError;
  for (const [bit, reason] of REASONS) if ((lock & bit) !== 0) return reason;
  return null;
}
