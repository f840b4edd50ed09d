import type { QuestionType, RecordData } from './types.ts';

export interface Question {
  /** With the dot of the root at its end. */
  readonly name: string;
  readonly type: QuestionType;
  /** Default 1, the class of the Internet. */
  readonly class?: number;
}

export interface ResourceRecord {
  /** Owner, with the dot of the root at its end. */
  readonly name: string;
  /** Seconds, 0 … 2,147,483,647 (RFC 2181 §8). */
  readonly ttl: number;
  /** Default 1, the class of the Internet. */
  readonly class?: number;
  readonly data: RecordData;
}

export interface EdnsOption {
  readonly code: number;
  readonly bytes: Uint8Array;
}

/** RFC 6891 §6.1. */
export interface Edns {
  /** Bytes of UDP that the sender takes. */
  readonly udpBytes: number;
  /** Default 0. */
  readonly version?: number;
  /** The DO bit (RFC 3225). */
  readonly dnssecOk?: boolean;
  readonly options?: readonly EdnsOption[];
}

/** A message, RFC 1035 §4. What is left out is false, 0 or empty. */
export interface DnsMessage {
  /** 0 … 65,535. */
  readonly id: number;
  readonly isResponse?: boolean;
  readonly opcode?: number;
  readonly isAuthoritative?: boolean;
  readonly isTruncated?: boolean;
  readonly recursionDesired?: boolean;
  readonly recursionAvailable?: boolean;
  /** RFC 4035 §3.2.3. */
  readonly authenticData?: boolean;
  readonly checkingDisabled?: boolean;
  /** With the upper bits of EDNS, where it has them. */
  readonly rcode?: number;
  readonly questions?: readonly Question[];
  readonly answers?: readonly ResourceRecord[];
  readonly authorities?: readonly ResourceRecord[];
  /** Without OPT, which is `edns`. */
  readonly additionals?: readonly ResourceRecord[];
  readonly edns?: Edns;
}

/** What `decodeMessage` gives: everything is said. */
export type DecodedMessage = Required<
  Omit<DnsMessage, 'edns' | 'questions' | 'answers' | 'authorities' | 'additionals'>
> & {
  readonly questions: readonly Required<Question>[];
  readonly answers: readonly Required<ResourceRecord>[];
  readonly authorities: readonly Required<ResourceRecord>[];
  readonly additionals: readonly Required<ResourceRecord>[];
  readonly edns: Required<Edns> | null;
};

/** RFC 1035 §4.2.2: the length before a message over TCP has two bytes. */
export const MAX_MESSAGE_BYTES = 65_535;
export const HEADER_BYTES = 12;

/** Bits of the second word of the header. RFC 1035 §4.1.1, RFC 4035 §3.2. */
export const FLAGS = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  authenticData: 0x0020,
  checkingDisabled: 0x0010,
} as const;
