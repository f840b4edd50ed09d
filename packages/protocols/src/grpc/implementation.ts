import type { HandlerContext } from '@connectrpc/connect';
import { isRoundhouseError, type Logger, type RoundhouseError } from '@roundhouse/core';
import type { Library } from './library.ts';
import { fieldsOf } from './metadata.ts';
import type { GrpcLimits } from './options.ts';
import { ServedCall } from './servedCall.ts';
import { type GrpcService, nameOf } from './service.ts';
import { type GrpcStatusError, numberOf, sendableText, statusOfFailure } from './status.ts';

interface Surroundings {
  readonly library: Library;
  readonly limits: GrpcLimits;
}

type Handler = (request: unknown, call: ServedCall) => unknown;
type Implementation = (request: unknown, context: HandlerContext) => unknown;

/** The handlers of a service as the library calls them: bounded by their calls, and failing in words for the client. */
export function implementationOf(
  { service, handlers }: GrpcService,
  surroundings: Surroundings,
  log: Logger,
): Record<string, Implementation> {
  const implementation: Record<string, Implementation> = {};
  for (const method of service.methods) {
    const handler = handlers[method.localName] as Handler | undefined;
    if (handler === undefined) continue;
    const given: Given = { handler, surroundings, log, method: nameOf(method) };
    const hasStream = method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming';
    implementation[method.localName] = hasStream
      ? (request, context) => replies(given, request, context)
      : (request, context) => reply(given, request, context);
  }
  return implementation;
}

interface Given {
  readonly handler: Handler;
  readonly surroundings: Surroundings;
  readonly log: Logger;
  readonly method: string;
}

async function reply(given: Given, request: unknown, context: HandlerContext): Promise<unknown> {
  const call = callOf(context);
  try {
    call.scope.throwIfEnded();
    return await call.scope.race(Promise.resolve(given.handler(request, call)));
  } catch (error) {
    throw failureOf(error, call, given);
  }
}

async function* replies(given: Given, request: unknown, context: HandlerContext): AsyncGenerator {
  const call = callOf(context);
  let iterator: AsyncIterator<unknown> | undefined;
  try {
    call.scope.throwIfEnded();
    iterator = (given.handler(request, call) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    for (;;) {
      const next = await call.scope.race(Promise.resolve(iterator.next()));
      if (next.done === true) {
        iterator = undefined;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    throw failureOf(error, call, given);
  } finally {
    // A handler that waits for something that never comes would hold this too: it is not waited for.
    void Promise.resolve(iterator?.return?.()).catch(() => {});
  }
}

function callOf(context: HandlerContext): ServedCall {
  const call = ServedCall.of(context.values);
  call.attach(context.responseHeader, context.responseTrailer);
  return call;
}

/** What the library sends as the status. */
function failureOf(error: unknown, call: ServedCall, { surroundings, log, method }: Given): unknown {
  const { connect } = surroundings.library;
  // What came was no message, or too large: the library says so itself.
  if (error instanceof connect.ConnectError) return error;
  const status = statusOfFailure(error);
  call.failed(isRoundhouseError(error) ? error : status);
  if (status.grpcStatus === 'INTERNAL') log.error('a call failed', { peer: call.peer, method, error: asError(error) });
  return errorOf(status, surroundings);
}

function errorOf(status: GrpcStatusError, { library, limits }: Surroundings): Error {
  const { connect } = library;
  const trailers = fieldsOf(status.trailers, limits.maxMetadataBytes);
  const error = new connect.ConnectError(sendableText(status.text), numberOf(status.grpcStatus), trailers);
  error.details = status.statusDetails.map(({ type, value }) => ({ type, value: Uint8Array.from(value) }));
  return error;
}

function asError(error: unknown): RoundhouseError | Error {
  return error instanceof Error ? error : new Error(String(error));
}
