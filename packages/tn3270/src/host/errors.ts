import { defineErrors } from '@roundhouse/core';

/** Codes of the host toolkit: this side is the host, the peer is a terminal. */
export const hostError = defineErrors({
  HOST_OPTION_INVALID: {
    message: 'The host option {option} is not possible: {reason}',
    hint: 'The documentation of serveHost has the ranges.',
    retryable: false,
    status: 422,
  },
  SCREEN_INVALID: {
    message: 'The screen definition is not possible: {reason}',
    hint: 'Rows and columns count from 1; a field needs the cell before it for its attribute.',
    retryable: false,
    status: 422,
  },
  SCREEN_VALUE_INVALID: {
    message: 'The value of {field} does not fit the screen: {reason}',
    hint: 'Cut or check the value before it is shown.',
    retryable: false,
    status: 422,
  },
  LU_TABLE_INVALID: {
    message: 'The LU table is not possible: {reason}',
    hint: 'LU and pool names have 1 to 8 characters: A-Z, 0-9, @, #, $; none may stand twice.',
    retryable: false,
    status: 422,
  },
  TERMINAL_CLOSED: {
    message: 'The terminal {peer} has gone',
    hint: 'Nothing is wrong with the host: the person closed the emulator, or the line broke.',
    retryable: false,
    status: 410,
  },
  TERMINAL_SILENT: {
    message: 'The terminal {peer} said nothing for {timeout_ms} ms (waiting for {what})',
    hint: 'The line may be broken. Allow more time if it is only slow.',
    retryable: false,
    status: 504,
  },
  TERMINAL_BUSY: {
    message: 'Another {what} is already waiting for the terminal {peer}',
    hint: 'A terminal has one screen: await each call before the next.',
    retryable: false,
    status: 409,
  },
  TERMINAL_NOT_3270: {
    message: 'The client {peer} is not a 3270 terminal: {reason}',
    hint: 'Connect with a TN3270 emulator.',
    retryable: false,
    status: 422,
  },
  TERMINAL_FLOODED: {
    message: 'The terminal {peer} sent more than it may: {what}, limit {limit}',
    hint: 'No emulator does this; look at who connects.',
    retryable: false,
    status: 422,
  },
  TERMINAL_PROTOCOL: {
    message: 'The terminal {peer} broke the protocol: {reason}',
    hint: 'The trace of the emulator shows what it sent.',
    retryable: false,
    status: 422,
  },
  TERMINAL_REJECTED_RECORD: {
    message: 'The terminal {peer} refused a screen: {reason}',
    hint: 'The screen may be larger than the terminal, or use what it does not have.',
    retryable: false,
    status: 502,
  },
  TLS_REQUIRED: {
    message: 'The terminal {peer} did not start TLS',
    hint: 'Switch STARTTLS on in the emulator.',
    retryable: false,
    status: 426,
  },
  LU_REFUSED: {
    message: 'No LU for the terminal {peer}: {reason}',
    hint: 'Ask for another LU or pool, or wait until one is free.',
    retryable: true,
    status: 409,
  },
});
