import { randomBytes } from 'node:crypto';
import { decodeMessage } from '../message/decode.ts';
import { encodeMessage } from '../message/encode.ts';
import type { DecodedMessage } from '../message/message.ts';
import type { QuestionType } from '../message/types.ts';

/** What is accepted over UDP: no network cuts it into fragments. */
const UDP_BYTES = 1_232;

/** A question on its way: nobody who cannot read it can answer it. */
export interface SentQuestion {
  readonly id: number;
  /** As it was written, in random case. */
  readonly name: string;
  readonly type: QuestionType;
  readonly bytes: Uint8Array;
}

/** Unpredictable bytes; not the runtime's random, which is not for secrets. */
export type Entropy = (count: number) => Uint8Array;

export const systemEntropy: Entropy = (count) => randomBytes(count);

export interface QuestionOptions {
  readonly randomizesCase: boolean;
  readonly hasEdns: boolean;
  /** RFC 8484 §4.1 wants 0, so that answers can be kept on the way. */
  readonly id?: number;
}

/** Makes a question. Raises DNS_NAME_INVALID. */
export function makeQuestion(
  name: string,
  type: QuestionType,
  options: QuestionOptions,
  entropy: Entropy,
): SentQuestion {
  const [high = 0, low = 0] = entropy(2);
  const id = options.id ?? (high << 8) | low;
  const asked = options.randomizesCase ? inRandomCase(name, entropy) : name;
  const bytes = encodeMessage({
    id,
    recursionDesired: true,
    questions: [{ name: asked, type }],
    ...(options.hasEdns && { edns: { udpBytes: UDP_BYTES } }),
  });
  return { id, name: asked, type, bytes };
}

/** What bytes are to a question. */
export type Reply =
  | { readonly kind: 'answer'; readonly message: DecodedMessage }
  /** It answers, but in another case: whoever sent it may not have seen the question. */
  | { readonly kind: 'otherCase' }
  /** Something else, or broken. */
  | { readonly kind: 'none' };

/** RFC 5452 §9.1: identity and question are those that were sent. */
export function readReply(bytes: Uint8Array, question: SentQuestion): Reply {
  let message: DecodedMessage;
  try {
    message = decodeMessage(bytes);
  } catch {
    return { kind: 'none' };
  }
  if (!message.isResponse || message.id !== question.id || message.opcode !== 0) return { kind: 'none' };
  const [asked] = message.questions;
  // A server that could not read the question may leave it out.
  if (asked === undefined) return message.rcode === 0 ? { kind: 'none' } : { kind: 'answer', message };
  if (message.questions.length > 1 || asked.type !== question.type || asked.class !== 1) return { kind: 'none' };
  if (asked.name === question.name) return { kind: 'answer', message };
  return { kind: asked.name.toLowerCase() === question.name.toLowerCase() ? 'otherCase' : 'none' };
}

function inRandomCase(name: string, entropy: Entropy): string {
  const random = entropy(name.length);
  let at = 0;
  return name.replace(/\\\d{3}|[a-z]/gi, (part) => {
    if (part.length > 1) return part;
    const isUpper = ((random[at++] as number) & 1) === 1;
    return isUpper ? part.toUpperCase() : part.toLowerCase();
  });
}
