export { auditError } from './errors.ts';
export type { AppendFile, JournalFiles, JournalLock, ReadFile } from './files.ts';
export * from './index/contract.ts';
export { openIndex } from './index/open.ts';
export * from './journal/contract.ts';
export { openJournal } from './journal/open.ts';
export type { PrunedRange } from './journal/pruning.ts';
export { nodeFiles } from './nodeFiles.ts';
export { type Checkpoint, openCheckpoint, parseCheckpoint } from './proof/checkpoint.ts';
export { parseVerifierKey } from './proof/note.ts';
export { canonicalJson, type JsonObject, type JsonValue } from './record/canonical.ts';
export { type AuditCode, type AuditCodeEntry, JOURNAL_CODES, type JournalCode } from './record/code.ts';
export { matchesDigest, type RandomBytes, saltedDigest } from './record/digest.ts';
export * from './record/entry.ts';
export { createMask, type Mask, type MaskOptions } from './record/mask.ts';
export type { SubjectVault } from './record/vault.ts';
export type { AppliedStep, ArchiveSink } from './retention/apply.ts';
export { openLockedFiles } from './retention/attributes.ts';
export type { LegalHold } from './retention/hold.ts';
export type { ProtectionStatus } from './retention/protection.ts';
export { type Period, parsePeriod } from './retention/period.ts';
export type { ClassRetention, RetentionPolicy } from './retention/plan.ts';
export {
  createRetention,
  type Retention,
  type RetentionOptions,
  type RetentionReport,
  type RetentionStatus,
} from './retention/retention.ts';
export { createObjectLockStore, type ObjectLockOptions, type ObjectLockStore } from './retention/s3/objectLock.ts';
export { type FileSinkOptions, openFileSink } from './sink/fileSink.ts';
export { createHttpSink, type HttpRequest, type HttpSend, type HttpSinkOptions } from './sink/httpSink.ts';
export type { CheckpointSink, SinkStatus } from './sink/sink.ts';
