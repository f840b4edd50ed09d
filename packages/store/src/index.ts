export type * from './deliveryLog.ts';
export type * from './eventLog.ts';
export type * from './store.ts';
