import { mkdtempSync, writeFileSync } from 'node:fs';
import { createScope, systemClock } from '@roundhouse/core';
import { systemFiles, renderDiagnostics } from '@roundhouse/config';
import { readConfiguration } from './configuration.ts';
import { BROKEN_PAGES, broken } from './brokenPage.fixture.ts';
import { PAGE, PAGE_VARIABLES } from './page.fixture.ts';
const dir = mkdtempSync('/tmp/cfgtry-');
let n = 0,
  bad = 0;
for (const [kind, cases] of Object.entries(BROKEN_PAGES))
  for (const each of cases) {
    n++;
    const { content, line, column } = broken(PAGE, each);
    const file = dir + '/page.yaml';
    writeFileSync(file, content);
    let ds: any[] = [];
    try {
      const c = await readConfiguration(
        { file },
        {
          files: systemFiles,
          variables: { ...PAGE_VARIABLES, API_PORT: '7070' },
          clock: systemClock,
          isMachineChecked: false,
        },
        createScope({ clock: systemClock }),
      );
      ds = c.warnings as any;
    } catch (e: any) {
      if (!e.details?.diagnostics) throw e;
      ds = e.details.diagnostics;
    }
    const first = ds[0];
    const text =
      first &&
      [first.message, first.expected, first.suggestion && `did you mean \`${first.suggestion}\``, first.hint].join(
        '\n',
      );
    const ok =
      first && first.code === each[3] && first.line === line && first.column === column && text.includes(each[4]);
    if (!ok) bad++;
    if (!ok || process.argv[2] === 'all')
      console.log(
        `##### ${ok ? 'ok ' : 'BAD'} ${kind}: ${each[0]}; wanted ${each[3]} ${line}:${column} says ${JSON.stringify(each[4])}\n${renderDiagnostics(ds).replaceAll(dir + '/', '')}`,
      );
  }
console.log(n, 'cases', bad, 'bad');
