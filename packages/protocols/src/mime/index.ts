export {
  type AttachmentInput,
  buildMessage,
  type BuiltMessage,
  type MailboxInput,
  type MessageInput,
} from './build.ts';
export { type DkimKey, signDkim } from './dkim.ts';
export * from './errors.ts';
export {
  decodeWords,
  type MailboxName,
  type MimeLimits,
  type ParsedAttachment,
  type ParsedHeader,
  type ParsedMessage,
  parseMessage,
} from './parse.ts';
