/**
 * Closed lists that requests and answers draw from. The engine has its own; a test of the server holds the two
 * together, so that whoever speaks the API needs not know the engine.
 */

export const KEY_NAMES = [
  'Enter',
  'Clear',
  ...(['PA1', 'PA2', 'PA3'] as const),
  ...(['PF1', 'PF2', 'PF3', 'PF4', 'PF5', 'PF6', 'PF7', 'PF8', 'PF9', 'PF10', 'PF11', 'PF12'] as const),
  ...(['PF13', 'PF14', 'PF15', 'PF16', 'PF17', 'PF18', 'PF19', 'PF20', 'PF21', 'PF22', 'PF23', 'PF24'] as const),
  'Tab',
  'BackTab',
  'Newline',
  'Home',
  'FieldEnd',
  'Left',
  'Right',
  'Up',
  'Down',
  'Left2',
  'Right2',
  'PreviousWord',
  'NextWord',
  'Delete',
  'DeleteField',
  'DeleteWord',
  'Backspace',
  'Erase',
  'EraseEOF',
  'EraseInput',
  'Insert',
  'Reset',
  'Dup',
  'FieldMark',
  'Attn',
  'SysReq',
  'Interrupt',
  'CursorSelect',
] as const;

export type KeyName = (typeof KEY_NAMES)[number];

export const CONNECTION_STATES = [
  'not-connected',
  'resolving',
  'tcp-pending',
  'tls-pending',
  'telnet-pending',
  'connected-nvt',
  'connected-nvt-charmode',
  'connected-3270',
  'connected-unbound',
  'connected-e-nvt',
  'connected-sscp',
  'connected-tn3270e',
] as const;

export const LOCK_REASONS = [
  'protected',
  'numeric',
  'overflow',
  'dbcs',
  'not_connected',
  'awaiting_first',
  'twait',
  'system',
  'deferred_unlock',
  'enter_inhibit',
  'scrolled',
  'minus',
  'file_transfer',
  'bid',
] as const;

export const SESSION_STATES = ['initializing', 'connected', 'active', 'idle', 'suspended', 'closed', 'error'] as const;

export type SessionState = (typeof SESSION_STATES)[number];

export const COLOR_NAMES = [
  'neutral_black',
  'blue',
  'red',
  'pink',
  'green',
  'turquoise',
  'yellow',
  'neutral_white',
  'black',
  'deep_blue',
  'orange',
  'purple',
  'pale_green',
  'pale_turquoise',
  'grey',
  'white',
] as const;

export type ColorName = (typeof COLOR_NAMES)[number];

export const HIGHLIGHT_NAMES = ['blink', 'reverse', 'underscore', 'intensify'] as const;

export type HighlightName = (typeof HIGHLIGHT_NAMES)[number];

export const SCREEN_FORMATS = ['json', 'text', 'cells', 'html'] as const;

export type ScreenFormat = (typeof SCREEN_FORMATS)[number];

export const HEALTH_STATUSES = ['unknown', 'healthy', 'degraded', 'unhealthy'] as const;

export const STRATEGIES = [
  'round_robin',
  'weighted_round_robin',
  'least_connections',
  'least_response_time',
  'random',
  'p2c',
  'peak_ewma',
] as const;

export type StrategyName = (typeof STRATEGIES)[number];

export const OPERATION_KINDS = ['suspend', 'resume', 'migrate', 'failover', 'drain'] as const;

export type OperationKind = (typeof OPERATION_KINDS)[number];

export const OPERATION_STATUSES = [
  'pending',
  'in_progress',
  'snapshot_created',
  'reconnecting',
  'state_restored',
  'completed',
  'failed',
] as const;

export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** What the URL of a probe may begin with. */
export const URL_PROBE_SCHEMES = [
  'tcp',
  'tls',
  'http',
  'https',
  'h2',
  'h2c',
  'ws',
  'wss',
  'smtp',
  'smtps',
  'pop3',
  'pop3s',
  'imap',
  'imaps',
  'dns',
  'dns+tcp',
  'dot',
  'doh',
  'grpc',
  'grpcs',
] as const;

/** How far the ladder of a host is climbed, lowest first. */
export const HOST_PROBE_KINDS = ['tcp', 'tls', 'telnet', 'tn3270'] as const;
