import { defineErrors } from '@roundhouse/core';

/** Codes of the event journal. */
export const eventError = defineErrors({
  EVENT_INVALID: {
    message: 'An event {type} can not be taken: {reason}',
    hint: 'This is a fault of the code that tells of it. Please report it.',
    retryable: false,
    status: 500,
  },
  EVENTS_OVERLOADED: {
    message: 'Events are not taken to the store as fast as they come: {waiting} wait',
    hint: 'Look at the store: its disk may be full or slow, or its server away. What waits is written by itself.',
    retryable: true,
    status: 503,
  },
  EVENTS_LOST: {
    message: '{count} events were lost, because the store took none for too long',
    hint: 'An event roundhouse.events.lost tells where they are missing. Look at the store.',
    retryable: false,
    status: 503,
  },
  EVENTS_NOT_STORED: {
    message: 'The event journal was closed before {count} events were stored',
    hint: 'The store did not answer in time while the server stopped.',
    retryable: false,
    status: 503,
  },
});
