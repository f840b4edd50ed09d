/**
 * One error class for the whole house. A package declares its codes once, in a catalogue; the API, the command line,
 * the log and the docs all show the same code.
 */

/** What a catalogue says of one code. */
export interface ErrorEntry {
  /** One sentence; `{name}` is replaced by `details.name`. */
  readonly message: string;
  /** The next step for the person who reads it. */
  readonly hint: string;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
  /** HTTP status of the problem body. */
  readonly status: number;
}

export type ErrorCatalogue = Readonly<Record<string, ErrorEntry>>;

/** JSON-safe facts about a failure; never a secret and never the text of a hidden field. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface ErrorInit {
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
  /** Replaces the catalogue's hint where the place knows better. */
  readonly hint?: string;
}

export class RoundhouseError extends Error {
  override readonly name: string = 'RoundhouseError';
  readonly code: string;
  readonly hint: string;
  readonly retryable: boolean;
  /** HTTP status that the API answers with. */
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(code: string, entry: ErrorEntry, init: ErrorInit = {}) {
    const details = init.details ?? {};
    super(fill(entry.message, details), init.cause === undefined ? undefined : { cause: init.cause });
    this.code = code;
    this.hint = init.hint ?? fill(entry.hint, details);
    this.retryable = entry.retryable;
    this.status = entry.status;
    this.details = details;
  }

  toJSON(): { code: string; message: string; hint: string; retryable: boolean; details: ErrorDetails } {
    return {
      code: this.code,
      message: this.message,
      hint: this.hint,
      retryable: this.retryable,
      details: this.details,
    };
  }
}

/** Makes errors of one catalogue; the code is checked by the compiler. */
export interface ErrorFactory<C extends ErrorCatalogue> {
  (code: keyof C & string, init?: ErrorInit): RoundhouseError;
  readonly catalogue: C;
}

/**
 * Declares a package's error codes.
 *
 * @example
 * export const netError = defineErrors({ CONNECT_REFUSED: { message: '{peer} refused', … } });
 * throw netError('CONNECT_REFUSED', { details: { peer } });
 */
export function defineErrors<const C extends ErrorCatalogue>(catalogue: C): ErrorFactory<C> {
  const make = (code: keyof C & string, init?: ErrorInit): RoundhouseError =>
    new RoundhouseError(code, catalogue[code] as ErrorEntry, init);
  return Object.assign(make, { catalogue });
}

export function isRoundhouseError(value: unknown): value is RoundhouseError {
  return value instanceof RoundhouseError;
}

function fill(template: string, details: ErrorDetails): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = details[name];
    if (value === undefined) return whole;
    return typeof value === 'string' || typeof value === 'number' ? `${value}` : JSON.stringify(value);
  });
}
