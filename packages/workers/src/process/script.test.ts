import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { launchOf } from './host.fixture.ts';
import { launchScript, quote, type ScriptPlace } from './script.ts';

const PLACE: ScriptPlace = {
  subject: ' 7',
  marker: '/run/launch.7',
  before: [],
  programFrom: "<'/run/program.7'",
  environment: {},
  self: { uid: 0, gid: 0 },
};
const NOBODY = { uid: 65_534, gid: 65_534, name: 'nobody' };

describe('the script of a launch', () => {
  it('makes no process but the program when nothing is asked for', () => {
    const { launch, program } = launchScript(launchOf(['/bin/true']), PLACE);
    expect(program).toBeUndefined();
    expect(launch).not.toMatch(/setpriv|prlimit|renice|oom|\$\(/);
    expect(launch).toMatch(/^exec '\/bin\/true' <\/dev\/null 4>&-$/m);
  });

  it('leaves out of the environment what no variable of a shell can be called', () => {
    const environment = { GOOD: '1', 'BASH_FUNC_x%%': '() { :; }', OPTIND: 'x', '2nd': 'x' };
    const { launch } = launchScript(launchOf(['/bin/true']), { ...PLACE, environment });
    expect(launch).toMatch(/^export GOOD='1'$/m);
    expect(launch).not.toMatch(/BASH_FUNC|OPTIND|2nd/);
  });

  it.each([
    ['another user', { user: NOBODY }, "'--reuid=65534' '--regid=65534' '--init-groups'"],
    ['no new rights', { hasNoNewPrivileges: true }, "'--no-new-privs'"],
    [
      'few capabilities',
      { keepCapabilities: ['net_bind_service'] },
      "'--inh-caps=-all,+net_bind_service' '--ambient-caps=-all,+net_bind_service' '--bounding-set=-all,+net_bind_service'",
    ],
  ])('hands the program to a second shell for %s, and joins groups before', (_, changes, rights) => {
    const { launch, program } = launchScript(
      launchOf(['/bin/true'], { ...changes, cgroups: ['/g/tasks', '/g/tasks'] }),
      PLACE,
    );
    expect(launch.split('\n').filter((line) => line.includes('/g/tasks') && line.startsWith('echo'))).toHaveLength(1);
    expect(launch).toContain(`exec setpriv ${rights} sh -s '/run/launch.7' <'/run/program.7'`);
    expect(launch).not.toContain("exec '/bin/true'");
    expect(program).toContain("exec '/bin/true'");
  });

  it('hands its sockets on as the last of all, and variables that Perl would take for itself with them', () => {
    const environment = { A: '1', PERL5OPT: '-w' };
    const sockets = [{ name: 'http', host: '127.0.0.1', port: 80 }];
    const { launch } = launchScript(launchOf(['/bin/true', 'x'], { sockets }), { ...PLACE, environment });
    expect(launch).toMatch(/^export A='1' \\\n +LISTEN_FDS='1' \\\n +LISTEN_FDNAMES='http'$/m);
    expect(launch).toContain('\nexport LISTEN_PID=$$\n');
    expect(launch).toMatch(
      /'\/run\/launch\.7' 'fault 7 program' '1' '1' 'PERL5OPT=-w' '\/bin\/true' 'x' <\/dev\/null\n}\n$/,
    );
    expect(launchScript(launchOf(['/bin/true']), { ...PLACE, environment }).launch).toContain("PERL5OPT='-w'");
  });

  it('stays the user that it is without setpriv', () => {
    const { program } = launchScript(launchOf(['/bin/true'], { user: NOBODY }), {
      ...PLACE,
      self: { uid: NOBODY.uid, gid: NOBODY.gid },
    });
    expect(program).toBeUndefined();
  });

  it('gives every text to the program as it is', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab\'"\\$`!\n\t *?[]{}()<>|&;#~=%é') });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), (texts) => {
        const output = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${texts.map(quote).join(' ')}`], {
          encoding: 'utf8',
        });
        expect(output.split('\0').slice(0, -1)).toEqual(texts);
      }),
      { numRuns: 30 },
    );
  });
});
