import type { Message } from '@bufbuild/protobuf';
import { fileDesc, type GenMessage, type GenService, messageDesc, serviceDesc } from '@bufbuild/protobuf/codegenv2';
import { type Scope } from '@roundhouse/core';
import { type GrpcCall, grpcService, type GrpcFailure, grpcStatus, GRPC_STATUSES, type GrpcService } from './index.ts';

/** echo.fixture.proto, as `protoc --descriptor_set_out` writes it, without the head of the set. */
const FILE = [
  'CgplY2hvLnByb3RvEg9yb3VuZGhvdXNlLnRlc3QiTwoLRWNob1JlcXVlc3QSEgoEdGV4dBgBIAEoCVIEdGV4dBIUCgV0aW1lcxgCIAEoBVIFdGltZXMS',
  'FgoGc3RhdHVzGAMgASgFUgZzdGF0dXMiHwoJRWNob1JlcGx5EhIKBHRleHQYASABKAlSBHRleHQylwIKBEVjaG8SPwoDU2F5Ehwucm91bmRob3VzZS50',
  'ZXN0LkVjaG9SZXF1ZXN0Ghoucm91bmRob3VzZS50ZXN0LkVjaG9SZXBseRJECgZSZXBlYXQSHC5yb3VuZGhvdXNlLnRlc3QuRWNob1JlcXVlc3QaGi5y',
  'b3VuZGhvdXNlLnRlc3QuRWNob1JlcGx5MAESQgoESm9pbhIcLnJvdW5kaG91c2UudGVzdC5FY2hvUmVxdWVzdBoaLnJvdW5kaG91c2UudGVzdC5FY2hv',
  'UmVwbHkoARJECgRDaGF0Ehwucm91bmRob3VzZS50ZXN0LkVjaG9SZXF1ZXN0Ghoucm91bmRob3VzZS50ZXN0LkVjaG9SZXBseSgBMAFiBnByb3RvMw==',
].join('');

type EchoRequest = Message<'roundhouse.test.EchoRequest'> & { text: string; times: number; status: number };
type EchoReply = Message<'roundhouse.test.EchoReply'> & { text: string };

// What follows is what protoc-gen-es makes of the file.
const file = fileDesc(FILE);
export const EchoRequestSchema: GenMessage<EchoRequest> = messageDesc(file, 0);
const EchoReplySchema: GenMessage<EchoReply> = messageDesc(file, 1);
export const Echo: GenService<{
  say: { methodKind: 'unary'; input: typeof EchoRequestSchema; output: typeof EchoReplySchema };
  repeat: { methodKind: 'server_streaming'; input: typeof EchoRequestSchema; output: typeof EchoReplySchema };
  join: { methodKind: 'client_streaming'; input: typeof EchoRequestSchema; output: typeof EchoReplySchema };
  chat: { methodKind: 'bidi_streaming'; input: typeof EchoRequestSchema; output: typeof EchoReplySchema };
}> = serviceDesc(file, 0);

/** The set that protoc writes of it. */
export function echoDescriptorSet(): Uint8Array {
  const bytes = Buffer.from(FILE, 'base64');
  // Field 1 of the set, and the length as a varint.
  return Buffer.concat([Buffer.of(0x0a, (bytes.length & 0x7f) | 0x80, bytes.length >> 7), bytes]);
}

/** Detail of a failure: `google.rpc.RetryInfo` with a delay of one second. */
const RETRY_INFO = { type: 'google.rpc.RetryInfo', value: Uint8Array.of(0x0a, 0x02, 0x08, 0x01) };

function failIfAsked({ status, text }: EchoRequest, call: GrpcCall): void {
  if (status === 0) return;
  const name = GRPC_STATUSES[status] as GrpcFailure;
  throw grpcStatus(name, text, { details: [RETRY_INFO], trailers: { 'x-method': call.method } });
}

/** Says what it hears, of whatever kind the method is. `times` below 0: it waits until the call ends. */
export function echoService(onWait: (scope: Scope) => void = () => {}): GrpcService {
  return grpcService(Echo, {
    async say(request, call) {
      failIfAsked(request, call);
      const said = call.metadata['x-said'];
      if (said !== undefined) {
        call.setHeader('x-heard', said);
        call.setTrailer('x-heard-bin', Buffer.from(said));
      }
      if (request.times < 0) {
        onWait(call.scope);
        await call.scope.sleep(3_600_000);
      }
      return { text: request.text.repeat(Math.max(1, request.times)) };
    },
    async *repeat(request, call) {
      for (let time = 0; time < Math.abs(request.times); time += 1) yield { text: `${request.text} ${time}` };
      failIfAsked(request, call);
      if (request.times < 0) {
        onWait(call.scope);
        await call.scope.sleep(3_600_000);
      }
    },
    async join(requests, call) {
      const texts: string[] = [];
      for await (const request of requests) {
        failIfAsked(request, call);
        texts.push(request.text);
      }
      return { text: texts.join(' ') };
    },
    async *chat(requests, call) {
      for await (const request of requests) {
        failIfAsked(request, call);
        yield { text: request.text };
      }
    },
  });
}
