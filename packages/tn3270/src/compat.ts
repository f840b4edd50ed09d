/** Single behaviours that differ between hosts. All have the reference's default. */
export interface Compat {
  /** Offer TN3270E at all. Default true. */
  readonly tn3270e: boolean;
  /** Ask for the CONTENTION-RESOLUTION function. Default true. */
  readonly contentionResolution: boolean;
  /** Ask for BIND-IMAGE. Default true. */
  readonly bindImage: boolean;
  /** Take screen sizes from the BIND image. Default true. */
  readonly bindLimit: boolean;
  /** Accept STARTTLS when the host offers it. Default true. */
  readonly startTls: boolean;
  /** Send the 3279 terminal name instead of 3278. Default false. */
  readonly wrongTerminalName: boolean;
  /** Offer NEW-ENVIRON. Default true. */
  readonly newEnviron: boolean;
  /** Delay before a host unlock takes effect, in ms; 0 … 10,000. Default 0 for programs, 350 for people. */
  readonly unlockDelayMs: number;
}
