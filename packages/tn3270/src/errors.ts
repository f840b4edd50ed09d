import { defineErrors } from '@roundhouse/core';

/** Codes of the TN3270 engine. */
export const tn3270Error = defineErrors({
  CODE_PAGE_UNKNOWN: {
    message: 'There is no code page {code_page}',
    hint: 'Known code pages: {known}.',
    retryable: false,
    status: 422,
  },
  MODEL_UNKNOWN: {
    message: 'There is no terminal model {model}',
    hint: 'Use 3278 or 3279, a model from 2 to 5, and -E for extended data stream: 3279-2-E. IBM-DYNAMIC is known too.',
    retryable: false,
    status: 422,
  },
  OVERSIZE_INVALID: {
    message: 'A screen of {rows} rows and {columns} columns is not possible on this model',
    hint: 'An oversize must be at least {minimum} and have at most {max_cells} cells.',
    retryable: false,
    status: 422,
  },
  OPTION_INVALID: {
    message: 'The option {option} is not valid',
    hint: 'Expected: {expected}.',
    retryable: false,
    status: 422,
  },
  KEYBOARD_LOCKED: {
    message: 'The keyboard is locked: {reason}',
    hint: 'Wait for "unlocked" before the next input, or press Reset when the host will not unlock.',
    retryable: true,
    status: 409,
  },
  FIELD_PROTECTED: {
    message: 'Row {row} column {column} is protected',
    hint: 'Move the cursor to an input field (Tab, or a cursor action) before typing.',
    retryable: false,
    status: 409,
  },
  FIELD_NUMERIC: {
    message: 'The field at row {row} column {column} takes digits, comma, period and minus only',
    hint: 'Send a number.',
    retryable: false,
    status: 409,
  },
  FIELD_OVERFLOW: {
    message: 'The text does not fit into the field at row {row} column {column}',
    hint: 'Shorten the text to the length of the field, or erase the field first.',
    retryable: false,
    status: 409,
  },
  FIELD_DOUBLE_BYTE: {
    message: 'The field at row {row} column {column} takes double-byte characters',
    hint: 'Double-byte input is not supported yet.',
    retryable: false,
    status: 409,
  },
  POSITION_INVALID: {
    message: 'Row {row} column {column} is not on the screen of {rows} rows and {columns} columns',
    hint: 'Rows and columns count from 1.',
    retryable: false,
    status: 422,
  },
  CHARACTER_UNMAPPABLE: {
    message: 'Code page {code_page} has no character {code_point}',
    hint: 'Choose the code page of the host, or leave the character out.',
    retryable: false,
    status: 422,
  },
  KEY_UNAVAILABLE: {
    message: '{key} is not available in state {connection_state}',
    hint: 'The key has no meaning on this kind of session at this moment.',
    retryable: false,
    status: 409,
  },
  WAIT_TIMEOUT: {
    message: 'The screen did not show what was waited for within {timeout_ms} ms ({wait_for})',
    hint: 'Read the screen to see where the host is; wait longer, or for something else.',
    retryable: true,
    status: 504,
  },
  SESSION_CLOSED: {
    message: 'The session has ended: {reason}',
    hint: 'Open a new session.',
    retryable: false,
    status: 410,
  },
  HOST_CLOSED: {
    message: 'The host {peer} closed the connection',
    hint: 'After a logoff this is normal; otherwise look at the log of the host.',
    retryable: true,
    status: 502,
  },
  HOST_SILENT: {
    message: 'The host {peer} said nothing that makes a session within {timeout_ms} ms (phase {phase})',
    hint: 'Check that the port speaks TN3270 and whether it wants TLS.',
    retryable: true,
    status: 504,
  },
  RECORD_TOO_LARGE: {
    message: 'The host {peer} sent a record of more than {max_record_bytes} bytes',
    hint: 'Something other than a TN3270 host may be there; raise the limit only for a host that is known.',
    retryable: false,
    status: 502,
  },
  START_TLS_FAILED: {
    message: 'The host {peer} offered to start TLS and then did not',
    hint: 'Turn STARTTLS off for this host (compat start_tls: false), or use its TLS port.',
    retryable: false,
    status: 502,
  },
  LU_IN_USE: {
    message: 'LU {lu} is in use',
    hint: 'Wait until the other session ends, ask for another LU, or for a pool.',
    retryable: true,
    status: 409,
  },
  LU_UNKNOWN: {
    message: 'The host knows no LU {lu}',
    hint: 'Check the name with the people who run the TN3270E server.',
    retryable: false,
    status: 422,
  },
  DEVICE_TYPE_REFUSED: {
    message: 'The host refused the device type {device_type}',
    hint: 'Choose another model: some hosts know only certain names.',
    retryable: false,
    status: 422,
  },
  TN3270E_REJECTED: {
    message: 'The host refused the session: {reason_name}',
    hint: "The reason is the host's own (RFC 2355 §7.1). Try another LU, or classic TN3270 (compat tn3270e: false).",
    retryable: true,
    status: 502,
  },
});
