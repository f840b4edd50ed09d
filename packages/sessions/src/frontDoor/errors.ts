import { defineErrors } from '@roundhouse/core';

/** Codes of the front door. */
export const frontDoorError = defineErrors({
  ADDRESS_LIMIT_REACHED: {
    message: 'There are {max_terminals} terminals of {address} already',
    hint: 'Close terminals that are no longer needed, or raise the limit of the front door.',
    retryable: true,
    status: 429,
  },
  NO_GROUPS: {
    message: 'There is no group of hosts to go to',
    hint: 'An operator has to add a group with endpoints.',
    retryable: true,
    status: 503,
  },
  NO_CHOICE: {
    message: 'No group was chosen',
    hint: 'Connect again and choose one.',
    retryable: true,
    status: 400,
  },
  TERMINAL_IDLE: {
    message: 'Nothing was sent from the terminal for {idle_ms} ms',
    hint: 'Connect again and log on. An operator changes the time with front_door.idle_timeout_ms.',
    retryable: true,
    status: 408,
  },
  TERMINAL_SIZE_MISMATCH: {
    message: 'A terminal of {terminal_rows} × {terminal_columns} cannot show a session of {rows} × {columns}',
    hint: 'Open the session with the model of the terminal, or connect with the model of the session.',
    retryable: false,
    status: 409,
  },
});
