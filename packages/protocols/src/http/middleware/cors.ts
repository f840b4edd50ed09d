import { netError } from '@roundhouse/net';
import { varyWith } from '../fields.ts';
import { afterwards, type FieldValues, type HttpResponse, type Middleware, withHeaders } from '../message.ts';

export interface CorsOptions {
  /** Origins whose pages may read answers, e.g. `https://app.example`; `*` for all, which excludes credentials. */
  readonly origins: readonly string[] | '*';
  /** Default GET, HEAD, POST, PUT, PATCH, DELETE. */
  readonly methods?: readonly string[];
  /** Fields that a request may have beside the harmless ones. Default: authorization, content-type. */
  readonly requestHeaders?: readonly string[];
  /** Fields of an answer that a page may read beside the harmless ones. */
  readonly exposedHeaders?: readonly string[];
  /** Whether requests with cookies may be read. Default false. */
  readonly credentials?: boolean;
  /** How long a browser may remember a preflight, seconds. Default 600. */
  readonly maxAgeSeconds?: number;
}

/** Tells browsers which pages may read answers (Fetch Standard §3.3). Raises NET_OPTION_INVALID. */
export function cors(options: CorsOptions): Middleware {
  const { origins, credentials = false, maxAgeSeconds = 600, exposedHeaders = [] } = options;
  const { methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] } = options;
  const { requestHeaders = ['authorization', 'content-type'] } = options;
  if (origins === '*' && credentials) {
    const reason = 'with credentials the origins are named: * would let every page read as the user';
    throw netError('NET_OPTION_INVALID', { details: { reason } });
  }
  const allowed = (origin: string): FieldValues => ({
    'access-control-allow-origin': origins === '*' ? '*' : origin,
    ...(credentials && { 'access-control-allow-credentials': 'true' }),
  });
  const marked = (response: HttpResponse): HttpResponse =>
    origins === '*' ? response : withHeaders(response, { vary: varyWith(response.headers, 'origin') });

  return (next) => (request, scope) => {
    const { origin } = request.headers;
    const mayRead = origin !== undefined && (origins === '*' || origins.includes(origin));
    const isPreflight = request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined;
    if (origin !== undefined && isPreflight) {
      if (!mayRead) return marked({ status: 204 });
      return marked({
        status: 204,
        headers: {
          ...allowed(origin),
          'access-control-allow-methods': methods.join(', '),
          'access-control-allow-headers': requestHeaders.join(', '),
          'access-control-max-age': maxAgeSeconds,
        },
      });
    }
    const exposed = exposedHeaders.length > 0 && { 'access-control-expose-headers': exposedHeaders.join(', ') };
    return afterwards(next(request, scope), (response) =>
      marked(mayRead ? withHeaders(response, { ...allowed(origin), ...exposed }) : response),
    );
  };
}
