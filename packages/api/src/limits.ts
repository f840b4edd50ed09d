/** Bounds of what the API takes. Lengths are in UTF-16 code units unless the name says otherwise. */
export const LIMITS = {
  maxBodyBytes: 1_048_576,
  maxActions: 1_000,
  maxTextLength: 4_096,
  /** Longest wait that a caller may ask for. */
  maxTimeoutMs: 300_000,
  /** Longest interval, deadline or time to live that is configured. */
  maxIntervalMs: 86_400_000,
  maxHostLength: 253,
  maxLuNames: 32,
  /** LU, user, device, model and code page names. */
  maxNameLength: 64,
  maxApplicationLength: 128,
  maxPemLength: 65_536,
  maxMetadataKeys: 32,
  maxMetadataKeyLength: 64,
  maxMetadataValueLength: 1_024,
  maxPageSize: 200,
  /** Oversize displays reach what fourteen-bit buffer addresses do. */
  maxScreenCells: 16_383,
  /** Problems listed in one answer. */
  maxProblemErrors: 20,
} as const;

/** What an omitted time-out or page size means. */
export const DEFAULTS = {
  createTimeoutMs: 20_000,
  inputTimeoutMs: 5_000,
  screenTimeoutMs: 30_000,
  pageSize: 100,
} as const;
