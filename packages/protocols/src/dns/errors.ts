import { defineErrors } from '@roundhouse/core';

/** Codes of DNS data: names, messages and zones. What fails on the network has the codes of `@roundhouse/net`. */
export const dnsError = defineErrors({
  DNS_NAME_INVALID: {
    message: '{name} is not a domain name: {reason}',
    hint: 'Labels of 1 to 63 bytes with dots between them, 255 bytes altogether; a dot within a label is written \\.',
    retryable: false,
    status: 422,
  },
  DNS_MESSAGE_INVALID: {
    message: 'The DNS message is broken at byte {offset}: {reason}',
    hint: 'The sender, or something on the way, does not speak DNS as it should. Keep a trace for its makers.',
    retryable: false,
    status: 502,
  },
  DNS_MESSAGE_TOO_LARGE: {
    message: 'The DNS message does not fit into {limit} bytes',
    hint: 'Ask over TCP, or for less.',
    retryable: false,
    status: 422,
  },
  DNS_DATA_INVALID: {
    message: 'The data of the record of type {type} is not usable: {reason}',
    hint: 'Data of an unknown or unsupported type is written as RFC 3597 has it: \\# LENGTH HEXADECIMAL.',
    retryable: false,
    status: 422,
  },
  DNS_ZONE_INVALID: {
    message: 'The zone {zone} cannot be served: {place}: {reason}',
    hint: 'The details list every fault with file, line and column. What was served before goes on.',
    retryable: false,
    status: 422,
  },
  DNS_ZONE_UNKNOWN: {
    message: 'The server has no zone {zone}',
    hint: 'Look at the names of the zones that it serves.',
    retryable: false,
    status: 404,
  },
});
