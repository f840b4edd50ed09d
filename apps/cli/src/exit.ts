import { isRoundhouseError } from '@roundhouse/core';

/** Exit codes of the command; 7 is kept for `net probe`. */
export const EXIT = {
  Ok: 0,
  /** The server or the host said no. */
  Failure: 1,
  /** The command line or a setting is not valid. */
  Usage: 2,
  /** No Roundhouse server answers at the address. */
  Unreachable: 3,
  /** The token is missing or not valid. */
  Unauthenticated: 4,
  /** There is no such session, endpoint, group or operation. */
  NotFound: 5,
  /** What was waited for did not come in time. */
  WaitTimeout: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_ERROR: Readonly<Record<string, ExitCode>> = {
  API_UNREACHABLE: EXIT.Unreachable,
  API_TIMEOUT: EXIT.Unreachable,
  API_ANSWER_INVALID: EXIT.Unreachable,
  API_URL_INVALID: EXIT.Usage,
  ADDRESS_INVALID: EXIT.Usage,
  ARGUMENT_INVALID: EXIT.Usage,
  CODE_PAGE_UNKNOWN: EXIT.Usage,
  MODEL_UNKNOWN: EXIT.Usage,
  NOT_SUPPORTED: EXIT.Usage,
  OPTION_INVALID: EXIT.Usage,
  OVERSIZE_INVALID: EXIT.Usage,
  SETTING_INVALID: EXIT.Usage,
  TERMINAL_REQUIRED: EXIT.Usage,
  TOKEN_MISSING: EXIT.Unauthenticated,
  UNAUTHENTICATED: EXIT.Unauthenticated,
  ENDPOINT_NOT_FOUND: EXIT.NotFound,
  GROUP_NOT_FOUND: EXIT.NotFound,
  NOT_FOUND: EXIT.NotFound,
  OPERATION_NOT_FOUND: EXIT.NotFound,
  SESSION_NOT_FOUND: EXIT.NotFound,
  OPERATION_UNFINISHED: EXIT.WaitTimeout,
  WAIT_TIMEOUT: EXIT.WaitTimeout,
};

export function exitCodeOf(error: unknown): ExitCode {
  return (isRoundhouseError(error) ? BY_ERROR[error.code] : undefined) ?? EXIT.Failure;
}
