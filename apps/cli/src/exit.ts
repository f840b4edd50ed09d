import { isRoundhouseError } from '@roundhouse/core';

/** Exit codes of the command. */
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
  /** There is no such session, operation or resource. */
  NotFound: 5,
  /** What was waited for did not come in time. */
  WaitTimeout: 6,
  /** What was probed does not answer as it should. */
  ProbeFailed: 7,
  /** It is done, and there is something to say: differences, parts that failed, a test that did. */
  Findings: 8,
  /** The caller is known and may not do this. */
  Denied: 9,
  /** Somebody changed it meanwhile, or what there is stands against it. */
  Conflict: 10,
  /** A configuration or manifest file is not valid. */
  ConfigInvalid: 11,
  /** Ctrl-C at a question. */
  Interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_ERROR: Readonly<Record<string, ExitCode>> = {
  API_UNREACHABLE: EXIT.Unreachable,
  API_TIMEOUT: EXIT.Unreachable,
  API_ANSWER_INVALID: EXIT.Unreachable,
  API_URL_INVALID: EXIT.Usage,
  ADDRESS_INVALID: EXIT.Usage,
  ARGUMENT_INVALID: EXIT.Usage,
  AUDIT_QUERY_INVALID: EXIT.Usage,
  CODE_PAGE_UNKNOWN: EXIT.Usage,
  MODEL_UNKNOWN: EXIT.Usage,
  NET_OPTION_INVALID: EXIT.Usage,
  NOT_SUPPORTED: EXIT.Usage,
  OPTION_INVALID: EXIT.Usage,
  OVERSIZE_INVALID: EXIT.Usage,
  PASSWORD_UNFIT: EXIT.Usage,
  SETTING_INVALID: EXIT.Usage,
  TERMINAL_REQUIRED: EXIT.Usage,
  LOCKED_OUT: EXIT.Unauthenticated,
  DEADLINE_EXCEEDED: EXIT.WaitTimeout,
  OPERATION_UNFINISHED: EXIT.WaitTimeout,
  WAIT_TIMEOUT: EXIT.WaitTimeout,
  SOME_FAILED: EXIT.Findings,
  RESOURCE_BUILT_IN: EXIT.Conflict,
  RESOURCE_EXISTS: EXIT.Conflict,
  RESOURCE_IN_FILE: EXIT.Conflict,
  RESOURCE_IN_USE: EXIT.Conflict,
  CONFIGURATION_INVALID: EXIT.ConfigInvalid,
  IMPORT_INVALID: EXIT.ConfigInvalid,
  MANIFEST_INVALID: EXIT.ConfigInvalid,
  INPUT_INTERRUPTED: EXIT.Interrupted,
  // Of the machine, not of the policy.
  PERMISSION_DENIED: EXIT.Failure,
};

/** Statuses that say the same whatever the code. */
const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  401: EXIT.Unauthenticated,
  403: EXIT.Denied,
  404: EXIT.NotFound,
  412: EXIT.Conflict,
};

/** All codes of `@roundhouse/config`. */
const CONFIG_PREFIX = 'CONFIG_';

export function exitCodeOf(error: unknown): ExitCode {
  if (!isRoundhouseError(error)) return EXIT.Failure;
  const { code, status } = error;
  if (code.startsWith(CONFIG_PREFIX)) return EXIT.ConfigInvalid;
  return BY_ERROR[code] ?? BY_STATUS[status] ?? EXIT.Failure;
}
