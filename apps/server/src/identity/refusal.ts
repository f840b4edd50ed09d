import type { RoundhouseError } from '@roundhouse/core';
import { identityError } from './errors.ts';

export interface RefusalInit {
  /** A known principal that it was about; what else was sent as a name may be a mistyped password. */
  readonly principal?: string | undefined;
  /** Details of the error. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Why credentials were refused: in a few words for the caller, exactly for the log. Never leaves this folder. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  /** What the caller learns. */
  readonly error: RoundhouseError;
  /** What the log says. */
  readonly reason: string;
  readonly principal: string | null;

  constructor(code: keyof (typeof identityError)['catalogue'], reason: string, init: RefusalInit = {}) {
    super(reason, { cause: init.cause });
    this.error = identityError(code, init.details === undefined ? {} : { details: init.details });
    this.reason = reason;
    this.principal = init.principal ?? null;
  }

  /** Whether it may have been a guess, which counts towards the lock-out. */
  get isGuess(): boolean {
    return this.error.code === 'CREDENTIALS_INVALID';
  }
}

/** The one answer to all that is wrong before a credential is proven. */
export function invalid(reason: string, init?: RefusalInit): Refusal {
  return new Refusal('CREDENTIALS_INVALID', reason, init);
}

/** What a failure says of itself, in one line, for the log. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n', 1)[0] as string).slice(0, MAX_REASON_LENGTH);
}

const MAX_REASON_LENGTH = 300;
