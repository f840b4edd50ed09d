import type { ConfigCode } from '@roundhouse/config';

/**
 * One fault made in the page: `text`, which stands there once, is replaced by `by`. The error has to point at where `▸`
 * stands in it, and `says` has to be in what it tells: message, what was expected, what was probably meant, or the hint.
 */
export type BrokenPage = readonly [what: string, text: string, by: string, code: ConfigCode, says: string];

const MARK = '▸';

const SYNTAX: readonly BrokenPage[] = [
  ['a tab for indentation', '\n  host: 127.0.0.1', '\n▸\thost: 127.0.0.1', 'CONFIG_TAB', 'Indent with spaces'],
  [
    'a key too far left',
    '\n  port: ${DOOR_PORT:-3270}\n  group',
    '\n port: 3270\n  ▸group',
    'CONFIG_INDENT',
    'further in than the line above',
  ],
  [
    'a key too far right',
    '\n  max_sessions_per_user',
    '\n    ▸max_sessions_per_user',
    'CONFIG_INDENT',
    'Align the line',
  ],
  ['quotes without an end', '"info,sessions:warn" }', '▸"info,sessions:warn }', 'CONFIG_SYNTAX', 'quote'],
  [
    'a brace without an end',
    '{ idle_after_ms: 600000 }',
    '▸{ idle_after_ms: 600000',
    'CONFIG_SYNTAX',
    '`{` without its `}`',
  ],
  [
    'a substitution in braces without quotes',
    '{ idle_after_ms: 600000 }',
    '{ idle_after_ms: ▸${IDLE:-600000} }',
    'CONFIG_SYNTAX',
    'needs quotes',
  ],
  ['a colon within plain text', 'Runs sessions of its own.', '▸Runs: sessions: own', 'CONFIG_SYNTAX', 'quotes'],
  ['a value that begins with @', 'description: Runs', 'description: ▸@Runs', 'CONFIG_SYNTAX', 'quotes'],
  ['a value that begins with *', 'events: [session.*,', 'events: [▸*.*,', 'CONFIG_ALIAS_UNKNOWN', 'quotes'],
  [
    'a key twice',
    '  max_sessions: 2000',
    '  max_sessions: 2000\n  ▸max_sessions: 3000',
    'CONFIG_DUPLICATE_KEY',
    'twice',
  ],
  ['a section twice', '\nwebhooks:', '\n▸limits: {}\nwebhooks:', 'CONFIG_DUPLICATE_KEY', 'Remove one'],
  ['a second document', '\nwebhooks:', '\n▸---\nwebhooks:', 'CONFIG_MULTIPLE_DOCUMENTS', 'conf.d'],
  ['a tag', 'port: 23\n', 'port: ▸!port 23\n', 'CONFIG_YAML_UNSUPPORTED', 'plain YAML'],
];

const KEYS: readonly BrokenPage[] = [
  ['a section', '\nfront_door:', '\n▸frontdoor:', 'CONFIG_UNKNOWN_KEY', 'front_door'],
  ['a section in the singular', '\nendpoints:', '\n▸endpoint:', 'CONFIG_UNKNOWN_KEY', 'endpoints'],
  [
    'a section of another product',
    '\nwebhooks:',
    '\n▸upstreams: []\nwebhooks:',
    'CONFIG_UNKNOWN_KEY',
    '`endpoint_groups`',
  ],
  ['a key of the server', '  port: ${API_PORT:-7070}', '  ▸prot: 7070', 'CONFIG_UNKNOWN_KEY', 'did you mean `port`'],
  ['a limit', 'max_sessions_per_user', '▸max_session_per_user', 'CONFIG_UNKNOWN_KEY', 'max_sessions_per_user'],
  ['a rate', '{ per_second: 200,', '{ ▸per_sec: 200,', 'CONFIG_UNKNOWN_KEY', 'per_second'],
  ['a key of a group', 'strategy: p2c', '▸stategy: p2c', 'CONFIG_UNKNOWN_KEY', 'strategy'],
  ['a key deep in a group', 'ttl_ms: 3600000', '▸ttl: 3600000', 'CONFIG_UNKNOWN_KEY', 'ttl_ms'],
  ['a key of an endpoint', 'weight: 2', '▸wieght: 2', 'CONFIG_UNKNOWN_KEY', 'weight'],
  ['a key in a template', 'interval_ms: 10000', '▸interval: 10000', 'CONFIG_UNKNOWN_KEY', 'interval_ms'],
  ['a key of a rule', 'own: true', '▸owned: true', 'CONFIG_UNKNOWN_KEY', '`own`'],
  ['a key of a principal', '{ id: helen, roles:', '{ id: helen, ▸role:', 'CONFIG_UNKNOWN_KEY', 'roles'],
  [
    'a key in another style',
    'url: https://audit',
    'URL: https://audit'.replace('URL', '▸URL'),
    'CONFIG_UNKNOWN_KEY',
    'url',
  ],
];

const VALUES: readonly BrokenPage[] = [
  ['a number in words', 'max_sessions: 2000', 'max_sessions: ▸many', 'CONFIG_TYPE', 'a number'],
  ['a number in quotes', 'max_sessions: 2000', 'max_sessions: ▸"2000"', 'CONFIG_TYPE', 'did you mean `2000`'],
  [
    'a number with a unit',
    '{ idle_after_ms: 600000 }',
    '{ idle_after_ms: ▸10m }',
    'CONFIG_TYPE',
    'did you mean `600000`',
  ],
  ['a number with thousands', 'max_sessions: 2000', 'max_sessions: ▸2,000', 'CONFIG_TYPE', 'did you mean `2000`'],
  ['a fraction', 'weight: 2', 'weight: ▸1.5', 'CONFIG_VALUE', 'a whole number'],
  ['a negative number', 'weight: 2', 'weight: ▸-1', 'CONFIG_VALUE', 'at least 0'],
  ['a port beyond all ports', 'port: 23\n', 'port: ▸70000\n', 'CONFIG_VALUE', 'at most 65535'],
  ['a probe too often', 'interval_ms: 10000', 'interval_ms: ▸50', 'CONFIG_VALUE', 'at least 100'],
  ['yes for true', 'tls: true', 'tls: ▸yes', 'CONFIG_TYPE', 'did you mean `true`'],
  ['a list where one is wanted', 'group: test\n    probe', 'group: ▸[test]\n    probe', 'CONFIG_TYPE', 'not a list'],
  ['one where a list is wanted', 'roles: [helpdesk]', 'roles: ▸helpdesk', 'CONFIG_TYPE', 'a list'],
  [
    'a map where a list is wanted',
    'fallback: [disaster-recovery]',
    '▸fallback: { to: disaster-recovery }',
    'CONFIG_TYPE',
    'a list',
  ],
  ['nothing where something is', '    port: 23\n', '    ▸port:\n', 'CONFIG_TYPE', 'not nothing'],
  ['a strategy', 'strategy: p2c', 'strategy: ▸round-robin', 'CONFIG_VALUE', 'did you mean `round_robin`'],
  ['a kind of probe', 'kind: telnet', 'kind: ▸telent', 'CONFIG_VALUE', 'did you mean `telnet`'],
  ['a verb', '[get, read, input,', '[get, read, ▸imput,', 'CONFIG_VALUE', 'did you mean `input`'],
  [
    'a kind in the plural',
    'kinds: [session], own',
    'kinds: [▸sessions], own',
    'CONFIG_VALUE',
    'did you mean `session`',
  ],
  ['a mode', 'mode: sticky', 'mode: ▸cookie', 'CONFIG_VALUE', '`hash`'],
  [
    'a host with a port',
    'host: zos-test.example.com',
    'host: ▸tn3270://zos-test',
    'CONFIG_VALUE',
    'a host name or an IP address',
  ],
  ['an id with blanks', 'id: zos-test', 'id: ▸zos test', 'CONFIG_VALUE', 'letters, digits'],
  ['no URL', 'url: https://audit.example.com/roundhouse', 'url: ▸audit.example.com', 'CONFIG_VALUE', 'https://'],
  ['an address range', '10.1.0.0/16', '▸10.1.0.0/33', 'CONFIG_VALUE', 'CIDR'],
  ['a date', '"2036-01-01T00:00:00Z"', '▸2036-01-01', 'CONFIG_VALUE', '2026-01-31T12:00:00Z'],
  ['a type of event', 'session.*, endpoint', '▸"session *", endpoint', 'CONFIG_VALUE', '`.*`'],
  ['a log level', '"info,sessions:warn"', '▸inof', 'CONFIG_VALUE', 'did you mean info'],
  ['a module of the log', '"info,sessions:warn"', '▸"info,session:warn"', 'CONFIG_VALUE', 'did you mean sessions'],
  ['too much for a range', 'max: 200', 'max: ▸1000000', 'CONFIG_VALUE', 'at most 10000'],
];

const MISSING: readonly BrokenPage[] = [
  [
    'the port of an endpoint',
    '- id: zos-test\n    host: zos-test.example.com\n    port: 23\n',
    '- ▸id: zos-test\n    host: h\n',
    'CONFIG_REQUIRED',
    '`port`',
  ],
  [
    'the host of an endpoint',
    '- id: zos-test\n    host: zos-test.example.com\n',
    '- ▸id: zos-test\n',
    'CONFIG_REQUIRED',
    '`host`',
  ],
  ['the id of an endpoint', '- id: zos-test\n    host', '- ▸host', 'CONFIG_REQUIRED', '`id`'],
  ['the roles of a principal', '{ id: helen, roles: [helpdesk],', '{ ▸id: helen,', 'CONFIG_REQUIRED', '`roles`'],
  ['the id of a webhook', '  - id: audit\n    url', '  - ▸url', 'CONFIG_REQUIRED', '`id`'],
  [
    'the hash of a key',
    '{ id: nightly, principal: nightly, hash: "secret://env/NIGHTLY_KEY_HASH"',
    '{ ▸id: nightly, principal: nightly',
    'CONFIG_REQUIRED',
    '`hash`',
  ],
  [
    'the port of the door',
    'front_door: # terminal emulators: c3270 127.0.0.1:3270\n  port: ${DOOR_PORT:-3270}\n',
    '▸front_door:\n',
    'CONFIG_REQUIRED',
    '`port`',
  ],
];

const REFERENCES: readonly BrokenPage[] = [
  [
    'the group of an endpoint',
    'group: test\n    probe',
    'group: ▸tset\n    probe',
    'CONFIG_REFERENCE',
    'did you mean `test`',
  ],
  [
    'the group in a template',
    'group: production\n      max',
    'group: ▸prod\n      max',
    'CONFIG_REFERENCE',
    '`production`',
  ],
  [
    'the group behind a group',
    '[disaster-recovery]',
    '[▸disaster-recovry]',
    'CONFIG_REFERENCE',
    'did you mean `disaster-recovery`',
  ],
  [
    'the group of the door',
    '  group: production\n  groups',
    '  group: ▸porduction\n  groups',
    'CONFIG_REFERENCE',
    'did you mean `production`',
  ],
  ['the group of an LU', '{ TESTTERM: test }', '{ TESTTERM: ▸tests }', 'CONFIG_REFERENCE', 'did you mean `test`'],
  ['the principal of a key', 'principal: nightly', 'principal: ▸nightli', 'CONFIG_REFERENCE', 'did you mean `nightly`'],
  ['a role of a principal', 'roles: [helpdesk]', 'roles: [▸helpdsk]', 'CONFIG_REFERENCE', 'did you mean `helpdesk`'],
  ['a built-in role', 'roles: [helpdesk]', 'roles: [helpdesk, ▸administrator]', 'CONFIG_REFERENCE', '`admin`'],
  [
    'a role of a key',
    'principal: nightly,',
    'principal: nightly, roles: [▸bacth],',
    'CONFIG_REFERENCE',
    'did you mean `batch`',
  ],
  ['the role of a rate', '{ batch: {', '{ ▸batsch: {', 'CONFIG_REFERENCE', 'did you mean `batch`'],
  [
    'the role of a directory group',
    '\nlimits:',
    '\nauthentication:\n  ldap:\n    url: ldaps://ldap.example.com\n    base_dn: dc=example,dc=com\n    groups: { default: [▸viewr] }\nlimits:',
    'CONFIG_REFERENCE',
    'did you mean `viewer`',
  ],
  [
    'the role of a claim',
    '\nlimits:',
    '\nauthentication:\n  issuers:\n    - issuer: https://id.example.com\n      audience: roundhouse\n      roles: { map: { ops: [▸operators] } }\nlimits:',
    'CONFIG_REFERENCE',
    'did you mean `operator`',
  ],
  ['two endpoints of one id', 'id: zos-west\n', 'id: ▸zos-east\n', 'CONFIG_DUPLICATE_ID', 'another id'],
  ['two groups of one id', '- id: test\n', '- id: test\n  - id: ▸production\n', 'CONFIG_DUPLICATE_ID', 'another id'],
  ['two principals of one id', '{ id: nightly, type', '{ id: ▸helen, type', 'CONFIG_DUPLICATE_ID', 'another id'],
];

const CONFLICTS: readonly BrokenPage[] = [
  ['listening beyond this machine', 'host: 127.0.0.1 #', 'host: ▸0.0.0.0 #', 'CONFIG_CONFLICT', '`allow_remote: true`'],
  [
    'listening beyond it in the clear',
    'host: 127.0.0.1 #',
    'allow_remote: true\n  host: ▸0.0.0.0 #',
    'CONFIG_CONFLICT',
    '`allow_plain: true`',
  ],
  [
    'a door beyond this machine',
    '  port: ${DOOR_PORT:-3270}',
    '  port: 3270\n  host: ▸192.168.1.5',
    'CONFIG_CONFLICT',
    '`allow_remote: true`',
  ],
  ['one port for API and door', '${DOOR_PORT:-3270}', '▸7070', 'CONFIG_CONFLICT', 'The API'],
  [
    'an endpoint that is the door',
    'host: zos-test.example.com\n    port: 23\n',
    'host: localhost\n    port: ▸3270\n',
    'CONFIG_CONFLICT',
    'the host behind it',
  ],
  ['a group that falls back to itself', '[disaster-recovery]', '[▸production]', 'CONFIG_CONFLICT', 'itself'],
  [
    'groups that fall back in a circle',
    'fallback: [disaster-recovery]\n    labels: { env: prod }\n  - id: disaster-recovery\n',
    'fallback: [▸disaster-recovery]\n  - id: disaster-recovery\n    fallback: [production]\n',
    'CONFIG_CONFLICT',
    'production → disaster-recovery → production',
  ],
  [
    'sessions kept ready without a script',
    '    strategy: p2c\n',
    '    ▸warm: { size: 5 }\n',
    'CONFIG_CONFLICT',
    '`navigation`',
  ],
  [
    'a script with a key that is not there',
    '    strategy: p2c\n',
    '    navigation:\n      name: logon\n      steps:\n        - expect: { texts: [{ text: LOGON }] }\n          actions: [{ type: key, key: ▸Entr }]\n',
    'CONFIG_VALUE',
    'Enter',
  ],
  [
    'a script without steps',
    '    strategy: p2c\n',
    '    navigation: { name: logon, steps: ▸[] }\n',
    'CONFIG_VALUE',
    '1 to',
  ],
  ['a probe slower than its interval', 'timeout_ms: 3000', 'timeout_ms: ▸30000', 'CONFIG_CONFLICT', 'smaller'],
  ['a TLS probe without TLS', 'probe: { kind: telnet }', 'probe: { kind: ▸tls }', 'CONFIG_CONFLICT', '`tls: true`'],
  ['a webhook in the clear', 'url: https://audit', 'url: ▸http://audit', 'CONFIG_CONFLICT', 'https'],
  [
    'a webhook to this machine',
    'url: https://audit.example.com',
    'url: ▸https://127.0.0.1',
    'CONFIG_VALUE',
    'allow_private',
  ],
  ['a password in a URL', 'url: https://audit', 'url: ▸https://me:hush@audit', 'CONFIG_VALUE', 'credentials'],
  [
    'a webhook without a secret',
    'id: audit\n    url: https://audit.example.com/roundhouse\n    events: [session.*, endpoint.health_changed, configuration.*]\n    secret: secret://env/AUDIT_HOOK_SECRET\n',
    '▸id: audit\n    url: https://audit.example.com/roundhouse\n',
    'CONFIG_CONFLICT',
    'secret: secret://',
  ],
  [
    'a secret that is too short',
    'secret: secret://env/AUDIT_HOOK_SECRET',
    'secret: ▸whsec_c2hvcnQ=',
    'CONFIG_VALUE',
    '24 to 64 bytes',
  ],
  ['a role of the product', '- id: helpdesk\n', '- id: ▸viewer\n', 'CONFIG_CONFLICT', 'another id'],
  ['the name of the token', '{ id: helen, roles', '{ id: ▸root, roles', 'CONFIG_VALUE', 'is taken'],
  [
    'client certificates that nobody signs',
    '  port: ${API_PORT:-7070}\n',
    '  port: 7070\n  tls: { cert_file: a, key_file: b, client_certificates: ▸require }\n',
    'CONFIG_CONFLICT',
    '`client_ca_file`',
  ],
];

const COMPOSITION: readonly BrokenPage[] = [
  [
    'a template',
    'use: { template: mainframe, with: { host: zos-east',
    'use: { template: ▸mainfame, with: { host: zos-east',
    'CONFIG_TEMPLATE_UNKNOWN',
    'did you mean `mainframe`',
  ],
  ['a parameter', 'site: east }', '▸sites: east }', 'CONFIG_PARAMETER_UNKNOWN', 'did you mean `site`'],
  [
    'a parameter that is not given',
    'use: { template: mainframe, with: { host: zos-east.example.com, site: east } }',
    'use: { template: ▸mainframe, with: { host: h } }',
    'CONFIG_PARAMETER_REQUIRED',
    '`site`',
  ],
  [
    'a parameter of another type',
    'site: east }',
    'site: east, port: ▸high }',
    'CONFIG_PARAMETER_TYPE',
    'a whole number',
  ],
  [
    'a type of a parameter',
    '{ type: integer, default: 992 }',
    '{ type: ▸int, default: 992 }',
    'CONFIG_TEMPLATE',
    'integer',
  ],
  ['a parameter in the body', '${with.host}', '▸${with.hots}', 'CONFIG_SUBSTITUTION', 'did you mean `${with.host}`'],
  [
    'a parameter outside of a template',
    '${API_PORT:-7070}',
    '▸${with.port}',
    'CONFIG_SUBSTITUTION',
    'outside templates',
  ],
  ['a part of a template', '    parameters:\n', '    ▸paramters:\n', 'CONFIG_TEMPLATE', 'did you mean `parameters`'],
  ['a variable', '${API_PORT:-7070}', '▸${API_PROT}', 'CONFIG_VARIABLE_UNSET', 'did you mean `${API_PORT}`'],
  [
    'a variable that is demanded',
    '${API_PORT:-7070}',
    '▸${PORT_OF_THE_API:?ask operations}',
    'CONFIG_VARIABLE_UNSET',
    'ask operations',
  ],
  ['a substitution that does not end', '${API_PORT:-7070}', '▸${API_PORT:-7070', 'CONFIG_SUBSTITUTION', '`}`'],
  [
    'a file of a value',
    'host: zos-test.example.com',
    'host: ▸${file:zos-test.name}',
    'CONFIG_FILE_UNREADABLE',
    'does not exist',
  ],
  [
    'a secret of the environment',
    'secret://env/AUDIT_HOOK_SECRET',
    '▸secret://env/AUDIT_HOOK',
    'CONFIG_SECRET_UNRESOLVED',
    'not set',
  ],
  [
    'a secret of a file',
    'secret://env/AUDIT_HOOK_SECRET',
    '▸secret://file/run/no/such/secret',
    'CONFIG_SECRET_UNRESOLVED',
    'does not exist',
  ],
  [
    'a source of secrets',
    'secret://env/AUDIT_HOOK_SECRET',
    '▸secret://vault/hook',
    'CONFIG_SECRET_UNRESOLVED',
    'secret://file/',
  ],
  ['a file to build on', '\nserver:', '\nextends: ▸base.yaml\nserver:', 'CONFIG_FILE_UNREADABLE', 'does not exist'],
  [
    'a directive',
    'events: [session.*, endpoint.health_changed, configuration.*]',
    'events: { ▸$apend: [session.*] }',
    'CONFIG_DIRECTIVE',
    'did you mean `$append`',
  ],
];

/** Faults that the machine is not asked for. */
export const BROKEN_PAGES: Readonly<Record<string, readonly BrokenPage[]>> = {
  syntax: SYNTAX,
  'names of keys': KEYS,
  values: VALUES,
  'what is missing': MISSING,
  'names of other things': REFERENCES,
  contradictions: CONFLICTS,
  composition: COMPOSITION,
};

/** The page with the fault in it, and where the error has to point. */
export function broken(page: string, [what, text, by]: BrokenPage) {
  const at = page.indexOf(text);
  if (at === -1 || page.includes(text, at + 1)) throw new Error(`${what}: the text must stand in the page once`);
  const marked = page.slice(0, at) + by + page.slice(at + text.length);
  const before = marked.slice(0, marked.indexOf(MARK)).split('\n');
  const last = before.at(-1) ?? '';
  return { content: marked.replace(MARK, ''), line: before.length, column: [...last].length + 1 };
}
