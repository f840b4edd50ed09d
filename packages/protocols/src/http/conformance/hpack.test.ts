import { readRecord, suiteTests } from '@roundhouse/testing';
import { describe, it } from 'vitest';
import { RECORDS } from '../../conformance.fixture.ts';
import { SUITES } from './hpack.suite.fixture.ts';

describe.each(SUITES)('$title', (suite) => {
  for (const { title, run } of suiteTests(suite, readRecord(RECORDS, suite.name))) it(title, run);
});
