import type { DescMethod, DescService } from '@bufbuild/protobuf';
import type { Scope } from '@roundhouse/core';
import { netError } from '@roundhouse/net';
import type { GrpcSession } from './client.ts';
import type { Library } from './library.ts';
import type { GrpcCall, GrpcService } from './service.ts';
import { grpcStatus } from './status.ts';

const PACKAGE = 'grpc.health.v1';
/** In the order of their numbers. https://github.com/grpc/grpc-proto/blob/master/grpc/health/v1/health.proto */
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;
export type ServingStatus = (typeof STATUSES)[number];

/** What a server says of itself and its services. The server as a whole is the service without a name. */
export interface GrpcHealth {
  get(service: string): ServingStatus;
  /** Whoever watches is told. */
  set(service: string, status: 'SERVING' | 'NOT_SERVING'): void;
}

/** Numbers of types and labels. https://protobuf.dev/reference/protobuf/google.protobuf/#field-descriptor-proto */
const OPTIONAL = 1;
const STRING = 9;
const ENUM = 14;

/** Descriptors of the service, of which no code was generated. */
async function healthDescriptor({ protobuf }: Library): Promise<DescService> {
  const { FileDescriptorSetSchema } = await import('@bufbuild/protobuf/wkt');
  const [request, response] = [`.${PACKAGE}.HealthCheckRequest`, `.${PACKAGE}.HealthCheckResponse`];
  const method = { inputType: request, outputType: response };
  const files = protobuf.create(FileDescriptorSetSchema, {
    file: [
      {
        name: 'grpc/health/v1/health.proto',
        package: PACKAGE,
        syntax: 'proto3',
        messageType: [
          {
            name: 'HealthCheckRequest',
            field: [{ name: 'service', jsonName: 'service', number: 1, label: OPTIONAL, type: STRING }],
          },
          {
            name: 'HealthCheckResponse',
            field: [
              {
                name: 'status',
                jsonName: 'status',
                number: 1,
                label: OPTIONAL,
                type: ENUM,
                typeName: `${response}.ServingStatus`,
              },
            ],
            enumType: [{ name: 'ServingStatus', value: STATUSES.map((name, number) => ({ name, number })) }],
          },
        ],
        service: [
          {
            name: 'Health',
            method: [
              { ...method, name: 'Check' },
              { ...method, name: 'Watch', serverStreaming: true },
            ],
          },
        ],
      },
    ],
  });
  const service = protobuf.createFileRegistry(files).getService(`${PACKAGE}.Health`);
  if (service === undefined) throw new Error('the descriptors of the health service are incomplete');
  return service;
}

/** Made with the first who asks; the descriptors of a process are one. */
let descriptor: Promise<DescService> | undefined;

/** A method of the health service. */
export async function healthMethod(name: 'check' | 'watch', library: Library): Promise<DescMethod> {
  descriptor ??= healthDescriptor(library);
  return (await descriptor).method[name] as DescMethod;
}

/** Asks a server. Rejects as a call does, also with PROTOCOL_VIOLATION for a status that there is not. */
export async function askHealth(
  session: GrpcSession,
  library: Library,
  scope: Scope,
  service: string,
): Promise<ServingStatus> {
  scope.throwIfEnded();
  const { status } = await session.unary(await healthMethod('check', library), { service }, scope);
  const said = STATUSES[status as number];
  if (said !== undefined) return said;
  const details = { reason: `there is no status ${String(status)} of services` };
  throw netError('PROTOCOL_VIOLATION', { protocol: 'grpc', phase: 'read', peer: session.peer, sent: 'all', details });
}

/** The health of a server, and the service that tells it. */
export class HealthBoard implements GrpcHealth {
  readonly #statuses = new Map<string, ServingStatus>();
  /** Wake those who watch. */
  readonly #watching = new Set<() => void>();
  #isLeaving = false;

  constructor(services: readonly string[]) {
    for (const service of ['', ...services]) this.#statuses.set(service, 'SERVING');
  }

  get(service: string): ServingStatus {
    return this.#statuses.get(service) ?? 'SERVICE_UNKNOWN';
  }

  set(service: string, status: 'SERVING' | 'NOT_SERVING'): void {
    this.#statuses.set(service, status);
    this.#tell();
  }

  /** Nothing is served any more; whoever watches is told so, and sent away. */
  leave(): void {
    for (const service of this.#statuses.keys()) this.#statuses.set(service, 'NOT_SERVING');
    this.#isLeaving = true;
    this.#tell();
  }

  async service(library: Library): Promise<GrpcService> {
    const check = await healthMethod('check', library);
    return {
      service: check.parent,
      handlers: {
        check: ({ service }: { readonly service: string }) => this.#check(service),
        watch: ({ service }: { readonly service: string }, call: GrpcCall) => this.#watch(service, call),
      },
    };
  }

  #check(service: string): { readonly status: number } {
    const status = this.#statuses.get(service);
    if (status === undefined) throw grpcStatus('NOT_FOUND', 'There is no such service');
    return { status: STATUSES.indexOf(status) };
  }

  async *#watch(service: string, { scope }: GrpcCall): AsyncGenerator<{ readonly status: number }> {
    let last: ServingStatus | undefined;
    for (;;) {
      const status = this.get(service);
      if (status !== last) {
        yield { status: STATUSES.indexOf(status) };
        last = status;
        continue;
      }
      if (this.#isLeaving) throw grpcStatus('UNAVAILABLE', 'The server is being drained');
      await this.#change(scope);
    }
  }

  async #change(scope: Scope): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watching.add(resolve);
    try {
      await scope.race(promise);
    } finally {
      this.#watching.delete(resolve);
    }
  }

  #tell(): void {
    for (const wake of this.#watching) wake();
  }
}
