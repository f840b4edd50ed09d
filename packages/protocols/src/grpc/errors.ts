import { defineErrors } from '@roundhouse/core';

/** Codes of calls; those of connections, and what a server answers, are in @roundhouse/net. */
export const grpcError = defineErrors({
  GRPC_STATUS: {
    message: 'The call ends with {status}: {text}',
    hint: 'The service says so itself; its description says what it means by it.',
    retryable: false,
    status: 500,
  },
  GRPC_DESCRIPTORS_INVALID: {
    message: 'These are no descriptors: {reason}',
    hint: 'Make them with protoc --include_imports --descriptor_set_out=FILE.',
    retryable: false,
    status: 422,
  },
  GRPC_METHOD_UNKNOWN: {
    message: 'The descriptors have no {what}',
    hint: 'Write PACKAGE.SERVICE/METHOD, as in the .proto file.',
    retryable: false,
    status: 404,
  },
  GRPC_METADATA_INVALID: {
    message: 'The metadata cannot be sent: {reason}',
    hint: 'Names have a-z, 0-9, "_", "-" and "."; values are printable ASCII, or bytes where the name ends with -bin.',
    retryable: false,
    status: 422,
  },
  GRPC_MESSAGE_TOO_LARGE: {
    message: 'A message of {method} has {bytes} bytes, more than {limit}',
    hint: 'Send less at a time, in a stream, or raise maxSendBytes if the other side takes such sizes.',
    retryable: false,
    status: 413,
  },
  GRPC_MESSAGE_INVALID: {
    message: 'A message of {method} cannot be written: {reason}',
    hint: 'Compare its fields with the .proto file.',
    retryable: false,
    status: 422,
  },
});
