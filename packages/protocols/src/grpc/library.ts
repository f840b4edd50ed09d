import type { StatusDetail } from './status.ts';

/** Codec, framing of calls, negotiation of compression: what others have written. */
export interface Library {
  readonly connect: typeof import('@connectrpc/connect');
  readonly grpc: typeof import('@connectrpc/connect/protocol-grpc');
  readonly protobuf: typeof import('@bufbuild/protobuf');
}

/** Loads it, with the first connection. */
export async function loadLibrary(): Promise<Library> {
  const [connect, grpc, protobuf] = await Promise.all([
    import('@connectrpc/connect'),
    import('@connectrpc/connect/protocol-grpc'),
    import('@bufbuild/protobuf'),
  ]);
  return { connect, grpc, protobuf };
}

/** Reads the details of a `google.rpc.Status` in base64; none when it cannot be read: the status itself stands elsewhere. */
export function detailsReader({ grpc }: Library): (base64: string) => readonly StatusDetail[] {
  return (base64) => {
    try {
      const error = grpc.findTrailerError(new Headers({ 'grpc-status-details-bin': base64 }));
      return (error?.details ?? []).flatMap((detail) => ('type' in detail ? [detail] : []));
    } catch {
      return [];
    }
  };
}
