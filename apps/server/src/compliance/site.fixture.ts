import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Assessment, RuleResult, Transition } from '@roundhouse/audit/compliance';
import { systemFiles } from '@roundhouse/config';
import { createKeyRing, createScope, systemClock } from '@roundhouse/core';
import { createMemoryStore } from '@roundhouse/store';
import { FakeClock, FakeSession } from '@roundhouse/testing';
import { type CheckedConfiguration, readConfiguration } from '../configuration/configuration.ts';
import { silentLog } from '../log/silentLog.fixture.ts';
import { desiredResources, logOptions, serverOptions } from '../run/options.ts';
import { createServer, type Server } from '../server.ts';
import type { ComplianceSources } from './compliance.ts';
import { secretFacts } from './facts/secrets.ts';

/** As good as one that is made. */
export const TOKEN = 'rh_Zm9ydHktc2l4LWNoYXJhY3RlcnMtYXMtbWFkZS1oZXJl';

/** The store outlives the servers, and so does what its secrets are sealed with. */
const KEY_RING = createKeyRing(new Map([['test', Buffer.alloc(32, 7)]]), 'test');

export interface SiteOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly sources?: ComplianceSources;
  readonly token?: string;
}

/** Its wall clock goes on without the timers: nothing else has to happen in a quarter of a year. */
class CalendarClock extends FakeClock {
  #shiftMs = 0;

  override now(): number {
    return super.now() + this.#shiftMs;
  }

  shift(ms: number): void {
    this.#shiftMs += ms;
  }
}

/** A server of configuration files in a folder of its own, that listens nowhere; its time stands still. */
export class Site implements AsyncDisposable {
  readonly folder: string;
  /** A minute ahead: certificates that a test makes are good already. */
  readonly clock = new CalendarClock(systemClock.now() + 60_000);
  /** Stays over restarts. */
  readonly store = createMemoryStore({ clock: this.clock });
  readonly transitions: Transition[] = [];
  readonly #options: SiteOptions;
  #server: Server | undefined;
  #checked: CheckedConfiguration | undefined;

  private constructor(folder: string, options: SiteOptions) {
    this.folder = folder;
    this.#options = options;
  }

  static async prepare(options: SiteOptions = {}): Promise<Site> {
    return new Site(await mkdtemp(join(tmpdir(), 'roundhouse-compliance-')), options);
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error('it was not started');
    return this.#server;
  }

  /** Of the configuration. */
  get warnings(): CheckedConfiguration['warnings'] {
    return this.#checked?.warnings ?? [];
  }

  async write(name: string, text: string): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, text);
    return file;
  }

  /** Stops what runs, and starts anew with these layers, later ones stronger. */
  async start(...layers: readonly string[]): Promise<void> {
    await this.#server?.stop();
    const names = layers.map((_, index) => `layer${index}.yaml`);
    await Promise.all(layers.map((text, index) => this.write(names[index] as string, text)));
    const file = await this.write('roundhouse.yaml', `extends: [${names.join(', ')}]\n`);
    const { variables = {}, sources = {}, token = TOKEN } = this.#options;
    using scope = createScope();
    const reading = { files: systemFiles, variables, clock: this.clock, isMachineChecked: false };
    const checked = await readConfiguration({ file }, reading, scope);
    this.#checked = checked;
    const log = silentLog(logOptions(checked.value, 'info').masksNumbers);
    this.#server = await createServer(
      { ...serverOptions(checked.value), port: 0, token, version: '1.2.3' },
      {
        log,
        store: this.store,
        keyRing: KEY_RING,
        clock: this.clock,
        openSession: (options, life) => {
          const session = new FakeSession(options);
          life.onEnd((reason) => session.destroy(reason));
          queueMicrotask(() => session.hostUnlocks());
          return Promise.resolve(session);
        },
        compliance: {
          dataDirectory: this.folder,
          time: { chronyLog: join(this.folder, 'tracking.log'), timesyncFlag: join(this.folder, 'synchronized') },
          record: (transition) => this.transitions.push(transition),
          providers: [secretFacts({ document: () => checked.document, variables })],
          ...sources,
        },
      },
    );
    await this.server.resources.applyFile(desiredResources(checked.value), 'configuration');
  }

  async assess(profile?: string): Promise<Assessment> {
    return await (await this.server.compliance.monitor()).assess(profile);
  }

  async result(rule: string): Promise<RuleResult> {
    const found = (await this.assess()).results.find((result) => result.rule.id === rule);
    if (found === undefined) throw new Error(rule);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.stop();
    await this.store.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}
