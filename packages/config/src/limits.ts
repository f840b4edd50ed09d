/** Bounds of what a configuration may be. */
export interface Limits {
  /** Of one file of the configuration. */
  readonly maxFileBytes: number;
  /** Of one file named by `${file:…}` or `secret://file/…`. */
  readonly maxValueBytes: number;
  /** Levels of maps and lists. */
  readonly maxDepth: number;
  /** Maps, lists and scalars of one file, each alias counted as what it stands for. */
  readonly maxNodes: number;
  /** Aliases of one file. */
  readonly maxAliases: number;
  /** Files of one chain of `extends`. */
  readonly maxIncludeDepth: number;
  /** Files of one configuration, all layers together. */
  readonly maxFiles: number;
  /** Diagnostics that are kept; the rest is counted. */
  readonly maxDiagnostics: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxFileBytes: 1_048_576,
  maxValueBytes: 65_536,
  maxDepth: 64,
  maxNodes: 300_000,
  maxAliases: 1_000,
  maxIncludeDepth: 8,
  maxFiles: 256,
  maxDiagnostics: 100,
};
