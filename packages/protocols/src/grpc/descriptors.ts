import type { DescMethod, DescService, Registry } from '@bufbuild/protobuf';
import { nearest } from '@roundhouse/core';
import { grpcError } from './errors.ts';

/** Services of descriptors that were read at run time. */
export interface GrpcServices {
  /** Full names, in alphabetical order. */
  readonly names: readonly string[];
  /** All types, for those who read messages of any kind. */
  readonly registry: Registry;
  /** Raises GRPC_METHOD_UNKNOWN. */
  service(name: string): DescService;
  /** A method by `package.Service/Method`. Raises GRPC_METHOD_UNKNOWN. */
  method(name: string): DescMethod;
}

/**
 * Reads a `FileDescriptorSet`, as `protoc --include_imports --descriptor_set_out=FILE` writes it: no code is generated.
 * Rejects with GRPC_DESCRIPTORS_INVALID.
 */
export async function loadServices(descriptorSet: Uint8Array): Promise<GrpcServices> {
  const [{ createFileRegistry, fromBinary }, { FileDescriptorSetSchema }] = await Promise.all([
    import('@bufbuild/protobuf'),
    import('@bufbuild/protobuf/wkt'),
  ]);
  try {
    return servicesOf(createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw grpcError('GRPC_DESCRIPTORS_INVALID', { details: { reason }, cause });
  }
}

function servicesOf(registry: Registry): GrpcServices {
  const services = new Map<string, DescService>();
  for (const type of registry) if (type.kind === 'service') services.set(type.typeName, type);
  const names = [...services.keys()].toSorted();
  const service = (name: string): DescService => {
    const found = services.get(name);
    if (found === undefined) throw unknown(`service ${name}`, nearest(name, names));
    return found;
  };
  return {
    names,
    registry,
    service,
    method(name) {
      const [of = '', method = ''] = name.split('/');
      const { methods } = service(of);
      const found = methods.find((each) => each.name === method);
      const known = methods.map((each) => `${of}/${each.name}`);
      if (found === undefined) throw unknown(`method ${name}`, nearest(name, known));
      return found;
    },
  };
}

function unknown(what: string, meant: string | undefined): Error {
  const hint = meant === undefined ? undefined : `Did you mean ${meant}?`;
  return grpcError('GRPC_METHOD_UNKNOWN', { details: { what }, ...(hint !== undefined && { hint }) });
}
