import {
  auditCheckpointSchema,
  auditConsistencyQuerySchema,
  auditConsistencySchema,
  auditExportQuerySchema,
  auditListSchema,
  auditProofSchema,
  auditQuerySchema,
  auditRecordParamsSchema,
  auditStatusSchema,
} from './audit.ts';
import type { Route } from './routes.ts';

const JSON_TYPE = 'application/json';

/** What is asked of the audit journal. */
export const AUDIT_ROUTES = {
  queryAudit: {
    method: 'GET',
    path: '/api/v1/audit',
    permission: { verb: 'list', kind: 'audit' },
    summary: 'Find records of the audit journal, or follow them',
    query: auditQuerySchema,
    success: {
      status: 200,
      description: 'One page; with `follow` server-sent events.',
      content: { [JSON_TYPE]: auditListSchema, 'text/event-stream': 'text' },
    },
    problems: [
      'AUDIT_DISABLED',
      'AUDIT_QUERY_INVALID',
      'AUDIT_INDEX_UNAVAILABLE',
      'CURSOR_INVALID',
      'WATCHERS_LIMIT_REACHED',
    ],
  },
  exportAudit: {
    method: 'GET',
    path: '/api/v1/audit/export',
    permission: { verb: 'export', kind: 'audit' },
    summary: 'All records that a query finds, oldest first, as JSON lines or CSV',
    query: auditExportQuerySchema,
    success: {
      status: 200,
      description: 'Of any length. One that was cut off has no end of its chunks.',
      content: { 'application/x-ndjson': 'text', 'text/csv': 'text' },
    },
    problems: ['AUDIT_DISABLED', 'AUDIT_QUERY_INVALID', 'AUDIT_INDEX_UNAVAILABLE', 'AUDIT_INDEX_BEHIND'],
  },
  getAuditStatus: {
    method: 'GET',
    path: '/api/v1/audit/status',
    permission: { verb: 'get', kind: 'audit' },
    summary: 'How the audit journal and its index are',
    success: { status: 200, description: 'The status.', content: { [JSON_TYPE]: auditStatusSchema } },
    problems: ['AUDIT_DISABLED'],
  },
  getAuditProof: {
    method: 'GET',
    path: '/api/v1/audit/records/{seq}/proof',
    permission: { verb: 'get', kind: 'audit' },
    summary: 'A record with the proof that it is in the journal',
    params: auditRecordParamsSchema,
    success: { status: 200, description: 'The proof.', content: { [JSON_TYPE]: auditProofSchema } },
    problems: ['AUDIT_DISABLED', 'AUDIT_RANGE_INVALID', 'AUDIT_PRUNED'],
  },
  getAuditConsistency: {
    method: 'GET',
    path: '/api/v1/audit/consistency',
    permission: { verb: 'get', kind: 'audit' },
    summary: 'The proof that the journal of one size is the beginning of that of another',
    query: auditConsistencyQuerySchema,
    success: { status: 200, description: 'The proof.', content: { [JSON_TYPE]: auditConsistencySchema } },
    problems: ['AUDIT_DISABLED', 'AUDIT_RANGE_INVALID'],
  },
  getAuditCheckpoint: {
    method: 'GET',
    path: '/api/v1/audit/checkpoint',
    permission: { verb: 'get', kind: 'audit' },
    summary: 'The last checkpoint that was signed',
    success: { status: 200, description: 'The checkpoint.', content: { [JSON_TYPE]: auditCheckpointSchema } },
    problems: ['AUDIT_DISABLED', 'AUDIT_RANGE_INVALID'],
  },
  takeAuditCheckpoint: {
    method: 'POST',
    path: '/api/v1/audit/checkpoint',
    permission: { verb: 'create', kind: 'audit' },
    summary: 'Sign what the journal is now',
    success: { status: 201, description: 'The checkpoint.', content: { [JSON_TYPE]: auditCheckpointSchema } },
    problems: ['AUDIT_DISABLED', 'AUDIT_UNAVAILABLE'],
  },
  rebuildAuditIndex: {
    method: 'POST',
    path: '/api/v1/audit/rebuild',
    permission: { verb: 'update', kind: 'audit' },
    summary: 'Make the index of the journal anew; its status says how far it is',
    success: { status: 202, description: 'It has begun.', content: { [JSON_TYPE]: auditStatusSchema } },
    problems: ['AUDIT_DISABLED', 'AUDIT_INDEX_UNAVAILABLE'],
  },
} as const satisfies Record<string, Route>;
