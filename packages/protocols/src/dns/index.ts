export { dnsError } from './errors.ts';
export * from './message/codes.ts';
export { decodeMessage } from './message/decode.ts';
export { encodeMessage } from './message/encode.ts';
export { reverseName } from './message/ipAddress.ts';
export type { DecodedMessage, DnsMessage, Edns, EdnsOption, Question, ResourceRecord } from './message/message.ts';
export {
  type DataOf,
  type NamedType,
  type OpaqueData,
  type QuestionType,
  type RecordData,
  type RecordType,
  typeCode,
  typeName,
} from './message/types.ts';
export { HostsTable } from './resolver/hosts.ts';
export type { NameServerOptions, NameServerTransport, ResolverOptions } from './resolver/options.ts';
export type { AddressOptions, Answer, Resolver, ResolveOptions, ResolverStats } from './resolver/contract.ts';
export { createResolver } from './resolver/resolver.ts';
export type { ServiceTarget } from './resolver/service.ts';
export { parseResolvConf, type SystemFiles, systemResolverOptions } from './resolver/system.ts';
export type { NameServerStats } from './resolver/upstream.ts';
export { type DynamicRecords, endpointRecords, type EndpointRecordsOptions } from './server/dynamic.ts';
export type { DnsServerOptions, TransferOptions } from './server/options.ts';
export type { ResponseRateOptions } from './server/rateLimit.ts';
export { type DnsServer, serveDns } from './server/server.ts';
export type { DnsServerStats } from './server/stats.ts';
export { loadZone, type LoadZoneOptions } from './zone/load.ts';
export type { ZoneFault, ZonePlace } from './zone/record.ts';
export { formatZone, parseZone, type ZoneTextOptions } from './zone/text.ts';
export { createZone, type CreateZoneOptions, type Zone } from './zone/zone.ts';
