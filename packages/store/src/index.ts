export type * from './deliveryLog.ts';
export { storeError } from './errors.ts';
export type * from './eventLog.ts';
export type * from './mailbox.ts';
export { createMemoryStore } from './memory/memoryStore.ts';
export { type OpenStoreDeps, openStore } from './open.ts';
export type * from './store.ts';
