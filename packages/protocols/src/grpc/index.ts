export type { CallOptions, GrpcCall, GrpcClient, GrpcHandler, GrpcHandlers, GrpcService } from './service.ts';
export { grpcService, type Received, type Sendable } from './service.ts';
export { connectGrpc, type GrpcConnectOptions, type GrpcSession } from './client.ts';
export { serveGrpc, type GrpcServer, type GrpcServerOptions } from './server.ts';
export { loadServices, type GrpcServices } from './descriptors.ts';
export type { GrpcHealth, ServingStatus } from './health.ts';
export { binaryMetadata, type Metadata, type MetadataValue } from './metadata.ts';
export type { GrpcCompression, GrpcLimits } from './options.ts';
export * from './errors.ts';
export {
  GRPC_STATUSES,
  type GrpcFailure,
  grpcStatus,
  type GrpcStatusName,
  GrpcStatusError,
  grpcStatusOf,
  type StatusDetail,
  type StatusInit,
} from './status.ts';
