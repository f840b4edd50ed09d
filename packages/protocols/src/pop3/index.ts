export type { Pop3Capabilities } from './capabilities.ts';
export { type IdentifiedMessage, type ListedMessage, type MailboxSize, Pop3Client } from './client.ts';
export { connectPop3 } from './connect.ts';
export type { Pop3ConnectOptions, Pop3Login, Pop3Security } from './options.ts';
