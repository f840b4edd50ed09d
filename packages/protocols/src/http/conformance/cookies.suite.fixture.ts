import type { CaseSuite, SuiteCase } from '@roundhouse/testing';
import { COOKIE_CASES, type CookieCase } from './cookieCases.fixture.ts';
import { cookieStand } from './cookieStand.fixture.ts';

async function play({ at, lines, to }: CookieCase): Promise<string> {
  await using stand = await cookieStand([at, to]);
  await stand.receive(at, lines);
  return (await stand.sentTo(to)) ?? 'none';
}

const COOKIES: CaseSuite = {
  name: 'http-cookies',
  title: 'Cookies',
  about:
    'What a server sets with Set-Cookie, and what our client then sends to the same or another place, through its own connections and a jar of `tough-cookie`. `RFC 6265bis` is draft-ietf-httpbis-rfc6265bis.',
  cases: COOKIE_CASES.map(
    (each): SuiteCase => ({
      title: each.title,
      source: each.source,
      allowed: each.allowed,
      ...(each.deviation && { deviation: each.deviation }),
      run: () => play(each),
    }),
  ),
};

export const SUITES: readonly CaseSuite[] = [COOKIES];
