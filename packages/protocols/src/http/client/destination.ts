import { netError } from '@roundhouse/net';

/** Where a request goes, taken apart once: the getters of a URL work each time. */
export interface Destination {
  readonly url: URL;
  readonly href: string;
  readonly origin: string;
  /** `host`, or `host:port` where it is not that of the scheme. */
  readonly host: string;
  /** With the query. */
  readonly path: string;
  readonly isTls: boolean;
}

/** URLs that are remembered; beyond that all are forgotten. */
const MAX_REMEMBERED = 256;
/** Longer ones are not remembered, characters. */
const MAX_LENGTH = 2_048;

export function destinationOf(url: URL): Destination {
  const { href, origin, host, pathname, search, protocol } = url;
  return { url, href, origin, host, path: `${pathname}${search}`, isTls: protocol === 'https:' };
}

/** Reads URLs, and remembers those that come again. */
export class Destinations {
  readonly #known = new Map<string, Destination>();

  /** Raises NET_OPTION_INVALID for what is no absolute URL of HTTP, or has credentials. */
  of(given: string | URL): Destination {
    const text = String(given);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const destination = destinationOf(checked(text));
    if (this.#known.size >= MAX_REMEMBERED) this.#known.clear();
    if (text.length <= MAX_LENGTH) this.#known.set(text, destination);
    return destination;
  }
}

function checked(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    if (url.username === '' && url.password === '') return url;
    throw netError('NET_OPTION_INVALID', { details: { reason: 'credentials stand in fields, not in the URL' } });
  }
  throw netError('NET_OPTION_INVALID', { details: { reason: 'an absolute URL of http or https is wanted' } });
}
