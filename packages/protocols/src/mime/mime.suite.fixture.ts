import { isRoundhouseError } from '@roundhouse/core';
import type { CaseSuite, SuiteCase } from '@roundhouse/testing';
import { type MailboxName, parseMessage, type ParsedMessage } from './index.ts';
import { MIME_CASES } from './mimeCases.fixture.ts';

const MAX_SHOWN_PARTS = 5;
const LONGEST_SHOWN = 1_000;
const shownAddress = ({ name, address }: MailboxName): string => `${JSON.stringify(name)} <${address}>`;

function shown({ subject, from, to, text, html, attachments, headers }: ParsedMessage): string {
  const parts = attachments.map(
    ({ contentType, filename, content }) =>
      `part ${contentType} ${JSON.stringify(filename)} of ${content.byteLength} bytes`,
  );
  const hasSubject = headers.some(({ name }) => /^subject$/i.test(name.trim()));
  const said = [
    ...(hasSubject && subject.length <= LONGEST_SHOWN ? [`subject ${JSON.stringify(subject)}`] : []),
    ...(subject.length > LONGEST_SHOWN ? [`subject of ${subject.length} characters`] : []),
    ...(from === null ? [] : [`from ${shownAddress(from)}`]),
    ...(to.length === 0 ? [] : [`to ${to.map(shownAddress).join(', ')}`]),
    ...(text === null ? [] : [`text ${JSON.stringify(text)}`]),
    ...(html === null ? [] : [`html ${JSON.stringify(html)}`]),
    ...(parts.length > MAX_SHOWN_PARTS ? [`${parts.length} parts`] : parts),
  ];
  return said.length === 0 ? 'nothing' : said.join('; ');
}

async function read(message: string): Promise<string> {
  try {
    return shown(await parseMessage(Buffer.from(message, 'latin1')));
  } catch (error) {
    return isRoundhouseError(error) ? error.code : `another failure: ${String(error)}`;
  }
}

const MIME: CaseSuite = {
  name: 'mime-messages',
  title: 'MIME messages',
  about:
    'Messages with headers, encoded words, addresses, codings, parts and names of files that are unusual, wrong or too many. Where the documents leave open what a reader makes of what is wrong, what mail programs do is allowed; what is never allowed is another header, another address, or an unlimited amount of anything.',
  cases: MIME_CASES.map(
    ([title, source, message, allowed, deviation]): SuiteCase => ({
      title,
      source: `RFC ${source}`,
      allowed,
      ...(deviation && { deviation }),
      run: () => read(message),
    }),
  ),
};

export const SUITES: readonly CaseSuite[] = [MIME];
