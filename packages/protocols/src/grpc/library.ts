import type * as protobuf from '@bufbuild/protobuf';
import type * as connect from '@connectrpc/connect';
import type * as grpc from '@connectrpc/connect/protocol-grpc';
import type { StatusDetail } from './status.ts';

/** Codec, framing of calls, negotiation of compression: what others have written. */
export interface Library {
  readonly connect: typeof connect;
  readonly grpc: typeof grpc;
  readonly protobuf: typeof protobuf;
}

/** Loads it, with the first connection. */
export async function loadLibrary(): Promise<Library> {
  const [ofConnect, ofGrpc, ofProtobuf] = await Promise.all([
    import('@connectrpc/connect'),
    import('@connectrpc/connect/protocol-grpc'),
    import('@bufbuild/protobuf'),
  ]);
  return { connect: ofConnect, grpc: ofGrpc, protobuf: ofProtobuf };
}

/** Reads the details of a `google.rpc.Status` in base64; none when it cannot be read: the status itself stands elsewhere. */
export function detailsReader(library: Library): (base64: string) => readonly StatusDetail[] {
  return (base64) => {
    try {
      const error = library.grpc.findTrailerError(new Headers({ 'grpc-status-details-bin': base64 }));
      return (error?.details ?? []).flatMap((detail) => ('type' in detail ? [detail] : []));
    } catch {
      return [];
    }
  };
}
