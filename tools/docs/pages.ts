import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { collectErrors, findCatalogues } from './catalogues.ts';
import { compliancePage } from './compliance.ts';
import { conformancePage } from './conformance.ts';
import { errorsPage } from './errors.ts';
import { protocolConformancePage } from './protocolConformance.ts';
import { referencePages } from './reference.ts';
import { findKeymap, terminalPage } from './terminal.ts';

/** The root of the checkout. */
export const ROOT: string = fileURLToPath(new URL('../../', import.meta.url));

export interface Page {
  readonly file: string;
  readonly text: string;
}

/** The generated pages as the code has them now. Throws when two catalogues share a code. */
export async function renderPages(): Promise<readonly Page[]> {
  return [
    { file: join(ROOT, 'docs/compliance.md'), text: compliancePage() },
    { file: join(ROOT, 'docs/conformance.md'), text: conformancePage() },
    { file: join(ROOT, 'docs/protocols/conformance.md'), text: await protocolConformancePage() },
    { file: join(ROOT, 'docs/errors.md'), text: errorsPage(collectErrors(await findCatalogues(ROOT))) },
    { file: join(ROOT, 'docs/terminal.md'), text: terminalPage(await findKeymap(ROOT)) },
    ...referencePages(ROOT).map(({ name, text }) => ({ file: join(ROOT, 'docs/reference', name), text })),
  ];
}
