export type { HostApplication } from './connection.ts';
export { type AttributePair, OutboundStream, type TextEncoding } from './encode.ts';
export { hostError } from './errors.ts';
export { type Host, type HostDependencies, type HostOptions, serveHost } from './host.ts';
export { decodeFieldText, decodeInbound, type InboundField, type InboundRecord } from './inbound.ts';
export type { LuOptions } from './lu.ts';
export { parseQueryReplies, type QueryFacts } from './query.ts';
export * from './screen.ts';
export type { HostTerminal, ShowOptions, UpdateOptions } from './terminal.ts';
