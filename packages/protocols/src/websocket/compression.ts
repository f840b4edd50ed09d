import { type CompressionOptions, type WebSocketLimits } from './options.ts';
import { DEFLATE, type Deflate, type Engine, type Inflated, type PerMessageDeflate } from './engine.ts';

/** Messages up to this size, inflated, are not held to a ratio: a bomb of that size is none. */
const FREE_BYTES = 1_048_576;
/** Half of what zlib takes by default, for nearly the same. */
const ZLIB = { level: 3, memLevel: 7 };

/** zlib has no window of 8 bits for raw deflate. */
const LEAST_BITS = 9;

/** Code of the error of a message that inflates beyond the ratio. */
export const RATIO_EXCEEDED = 'ROUNDHOUSE_WS_RATIO';

type Offer = Record<string, unknown>;

/** Sizes of the windows, by who compresses. */
interface Windows {
  readonly server: number;
  readonly client: number | true;
}

function create(
  { PerMessageDeflate }: Engine,
  { threshold, contextTakeover }: CompressionOptions,
  { maxMessageBytes }: WebSocketLimits,
  isServer: boolean,
  windows: Windows,
): PerMessageDeflate {
  return new PerMessageDeflate({
    isServer,
    threshold,
    maxPayload: maxMessageBytes,
    serverMaxWindowBits: windows.server,
    clientMaxWindowBits: windows.client,
    serverNoContextTakeover: !contextTakeover,
    clientNoContextTakeover: !contextTakeover,
    zlibDeflateOptions: ZLIB,
  });
}

/** What a client has offered, and takes the server's answer to. */
export class CompressionOffer {
  readonly header: string;
  readonly #deflate: PerMessageDeflate;
  readonly #options: CompressionOptions;

  constructor(engine: Engine, options: CompressionOptions, limits: WebSocketLimits) {
    const { windowBits } = options;
    this.#deflate = create(engine, options, limits, false, { server: windowBits, client: windowBits });
    this.#options = options;
    this.header = engine.extension.format({ [DEFLATE]: this.#deflate.offer() });
  }

  /** Raises an Error when the answer does not fit the offer. */
  accept(params: readonly Offer[]): BoundedDeflate {
    const accepted = this.#deflate.accept(params);
    const { windowBits, contextTakeover } = this.#options;
    // RFC 7692 §7.1.1.1, §7.1.2.1: what was asked of the server it takes by saying so.
    if (!(Number(accepted['server_max_window_bits']) <= windowBits)) throw new Error('the window is too large');
    if (!contextTakeover && accepted['server_no_context_takeover'] !== true) throw new Error('the context is kept');
    // RFC 7692 §7.1.1.2: it was said in the offer, and holds whether or not the server repeats it.
    if (!contextTakeover) accepted['client_no_context_takeover'] = true;
    return new BoundedDeflate(this.#deflate, this.#options);
  }
}

/**
 * A server's answer to what a client offers: the first offer that can be taken, undefined when none can. RFC 7692 §5.1:
 * an offer with parameters that are not known is declined, and not a fault.
 */
export function acceptOffer(
  engine: Engine,
  offers: readonly Offer[],
  options: CompressionOptions,
  limits: WebSocketLimits,
): { readonly deflate: BoundedDeflate; readonly header: string } | undefined {
  for (const offer of offers) {
    const bits = (name: string): number => {
      const value = (offer[name] as readonly unknown[] | undefined)?.[0];
      // Without a value it says no more than that the client can be bound.
      const asked = value === true ? NaN : Number(value);
      return Number.isInteger(asked) ? Math.min(asked, options.windowBits) : options.windowBits;
    };
    // A client may be bound only when it says that it can be (RFC 7692 §7.1.2.2).
    const client = 'client_max_window_bits' in offer ? Math.max(bits('client_max_window_bits'), LEAST_BITS) : true;
    const server = bits('server_max_window_bits');
    // A client that wants a smaller window than zlib can make goes without compression.
    if (server < LEAST_BITS) continue;
    const deflate = create(engine, options, limits, true, { server, client });
    try {
      const params = deflate.accept([offer]);
      return {
        deflate: new BoundedDeflate(deflate, options),
        header: engine.extension.format({ [DEFLATE]: [params] }),
      };
    } catch {
      // The next one, or none.
    }
  }
  return undefined;
}

/** Compression of one connection, held to a ratio, and held back while what it inflated is not taken. */
export class BoundedDeflate implements Deflate {
  readonly #deflate: PerMessageDeflate;
  readonly #options: CompressionOptions;
  #cameBytes = 0;
  #inflatedBytes = 0;
  #underWay = 0;
  #isReleased = false;
  /** Calls back when there is room for more; at once when there is. */
  whenRoom: (go: () => void) => void = (go) => go();

  constructor(deflate: PerMessageDeflate, options: CompressionOptions) {
    this.#deflate = deflate;
    this.#options = options;
  }

  get params(): Readonly<Record<string, unknown>> | null {
    return this.#deflate.params;
  }

  get _isServer(): boolean {
    return this.#deflate._isServer;
  }

  get _threshold(): number {
    return this.#deflate._threshold;
  }

  get threshold(): number {
    return this.#options.threshold;
  }

  compress(bytes: Buffer | string, isLast: boolean, done: Inflated): void {
    this.#deflate.compress(bytes, isLast, done);
  }

  decompress(bytes: Buffer, isLast: boolean, done: Inflated): void {
    this.#cameBytes += bytes.byteLength;
    this.#underWay += 1;
    this.whenRoom(() => {
      if (this.#isReleased) return this.#ended();
      this.#deflate.decompress(bytes, isLast, (error, inflated) => {
        this.#ended();
        if (this.#isReleased) return;
        if (error !== null || inflated === undefined) return done(error);
        this.#inflatedBytes += inflated.byteLength;
        const limit = Math.max(FREE_BYTES, this.#cameBytes * this.#options.maxRatio);
        const isTooMuch = this.#inflatedBytes > limit;
        if (isLast) {
          this.#cameBytes = 0;
          this.#inflatedBytes = 0;
        }
        if (isTooMuch) done(Object.assign(new Error('the message inflates too far'), { code: RATIO_EXCEEDED }));
        else done(null, inflated);
      });
    });
  }

  /** Frees the memory of zlib, as soon as nothing is being inflated. Nothing is delivered any more. Idempotent. */
  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (this.#underWay === 0) this.#deflate.cleanup();
  }

  #ended(): void {
    this.#underWay -= 1;
    if (this.#isReleased && this.#underWay === 0) this.#deflate.cleanup();
  }
}
