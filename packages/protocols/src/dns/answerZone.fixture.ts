import type { QuestionType } from './message/types.ts';

export const ORIGIN = 'ex.test';

/** A zone with what a zone may have; `more` stands at its end. */
export const zoneText = (serial: number, more = ''): string => `$ORIGIN ex.test.
$TTL 1h
@ SOA ns hostmaster ${serial} 1 1 4w 5m
@ NS ns
@ NS ns.elsewhere.
@ MX 10 mail
@ CAA 0 issue "ca.example"
ns A 127.0.0.1
mail A 192.0.2.25
mail AAAA 2001:db8::25
www CNAME web
web 5m A 192.0.2.80
web 5m A 192.0.2.81
away CNAME www.elsewhere.
dangling CNAME none
chain1 CNAME chain2
chain2 CNAME chain3
chain3 CNAME web
loop1 CNAME loop2
loop2 CNAME loop1
deep.down.empty A 192.0.2.9
sub NS ns.sub
sub DS 12345 8 2 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
ns.sub A 192.0.2.54
below.sub A 192.0.2.55
intosub CNAME x.sub
*.wild A 192.0.2.77
*.wild TXT "wild"
real.wild A 192.0.2.78
under.real.wild A 192.0.2.79
*.wcname CNAME web
*.wsub.wild MX 5 mail
text TXT "two" "strings; with \\"quotes\\" and \\\\" "\\200"
large TXT ${Array.from({ length: 10 }, (_, at) => `"${String(at).repeat(200)}"`).join(' ')}
_sip._udp SRV 1 2 5060 mail
strange TYPE4711 \\# 3 010203
svc HTTPS \\# 3 000100
esc\\.aped A 192.0.2.10
MiXed A 192.0.2.11
${more}`;

/** Names of every kind that a zone has, and types that they have and have not. */
export const NAMES: readonly string[] =
  `. @ ns mail www web away dangling none chain1 loop1 empty down.empty deep.down.empty x.empty sub x.sub below.sub ns.sub
intosub wild a.wild a.b.wild real.wild x.real.wild under.real.wild *.wild a.wcname x.wsub.wild wsub.wild y.x.wsub.wild text _sip._udp
_udp strange svc esc\\.aped mixed MAIL`.split(/\s+/);
export const TYPES: readonly QuestionType[] = [
  'A',
  'AAAA',
  'MX',
  'TXT',
  'CNAME',
  'NS',
  'SOA',
  'SRV',
  'DS',
  'CAA',
  'TYPE4711',
  'HTTPS',
];

export const ANSWER_ZONE: string = zoneText(1);
