export { type AttributePair, OutboundStream, type TextEncoding } from './encode.ts';
export { hostError } from './errors.ts';
export {
  type Host,
  type HostDependencies,
  type HostOptions,
  type RawHostOptions,
  serveHost,
  serveRawHost,
} from './host.ts';
export { decodeFieldText, decodeInbound, type InboundField, type InboundRecord } from './inbound.ts';
export type { LuAllocator, LuDecision, LuOptions, LuRefusal, LuRequest } from './lu.ts';
export { parseQueryReplies, type QueryFacts } from './query.ts';
export type { RawApplication, RawTerminal, RawTerminalHandler, SessionFacts } from './rawTerminal.ts';
export * from './screen.ts';
export type { HostApplication, HostTerminal, ShowOptions, UpdateOptions } from './terminal.ts';
