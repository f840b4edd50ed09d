import { isRoundhouseError, type Scope } from '@roundhouse/core';
import { type NetRuntime, SessionCore, type TlsServerOptions, type TlsUpgrade, type Transport } from '@roundhouse/net';
import { LineConnection } from '../mail/lineConnection.ts';
import { ANSWERS } from './answer.ts';
import { SmtpChannel } from './channel.ts';
import type { SmtpAnswer, SmtpCommand } from './command.ts';
import { receive } from './receipt.ts';
import { LOGINS, MAX_RESPONSE_BYTES, readResponse, type Response } from './serverLogin.ts';
import type { ResolvedSmtpServer, SmtpHandlers, SmtpPeer, Verdict } from './serverOptions.ts';

/** One object for each certificate: its secure context is made once. */
const upgrades = new WeakMap<TlsServerOptions, TlsUpgrade>();

/** Beside its recipients; generously. */
const COMMANDS_OF_A_MESSAGE = 100;

/** One client of the server, from the greeting to the good-bye. */
export class SmtpConversation {
  readonly #core: SessionCore;
  readonly #connection: LineConnection;
  readonly #channel: SmtpChannel;
  readonly #config: ResolvedSmtpServer;
  readonly #handlers: SmtpHandlers;
  readonly #runtime: NetRuntime;
  readonly #id: string;
  #hello: { readonly name: string; readonly isExtended: boolean } | undefined;
  #user: string | null = null;
  #messages = 0;

  constructor(
    id: string,
    transport: Transport,
    config: ResolvedSmtpServer,
    handlers: SmtpHandlers,
    runtime: NetRuntime,
  ) {
    this.#id = id;
    this.#config = config;
    this.#handlers = handlers;
    this.#runtime = runtime;
    this.#connection = new LineConnection('smtp', transport);
    this.#connection.phase = 'read';
    const { limits, timeouts } = config;
    const maxCommands = Math.max(limits.maxCommands, limits.maxRecipients + COMMANDS_OF_A_MESSAGE);
    this.#channel = new SmtpChannel(this.#connection, { ...limits, maxCommands, idleMs: timeouts.idleMs });
    this.#core = new SessionCore({
      protocol: 'smtp',
      role: 'server',
      peer: transport.peer,
      tls: transport.tls,
      runtime,
      timeouts: config.timeouts,
      openedInMs: 0,
      isExclusive: false,
      destroy: (reason) => transport.destroy(reason),
      goodBye: (scope) => this.#close(scope, ANSWERS.leaving),
    });
    this.#connection.events = { closed: (error) => this.#core.lost(error) };
  }

  start(): SessionCore {
    void this.#run();
    return this.#core;
  }

  async #run(): Promise<void> {
    const { scope } = this.#core;
    try {
      await this.#greet(scope);
      let next: SmtpCommand | undefined;
      while (!this.#channel.isOver) {
        const command: SmtpCommand | undefined = next ?? (await this.#channel.command(scope));
        next = command && (await this.#take(command, scope));
      }
      if (this.#core.state === 'open') await this.#close(scope);
      this.#core.lost();
    } catch (error) {
      // The client is gone, or a hook or a write had no end: whoever waits for the connection is told by its core.
      if (!isRoundhouseError(error) || error.code === 'INTERNAL') {
        this.#runtime.log.error('a mail connection failed by a fault of this side', { id: this.#id, error });
      }
      this.#core.lost(isRoundhouseError(error) && error.code !== 'CONNECTION_CLOSED' ? error : undefined);
    }
  }

  /** Ends the connection politely; what it ends in is this side's doing. */
  async #close(scope: Scope, answer?: SmtpAnswer): Promise<void> {
    this.#connection.events = {};
    if (answer !== undefined) await this.#channel.say(answer, scope);
    await scope.race(this.#connection.transport.close());
  }

  async #greet(scope: Scope): Promise<void> {
    const refusal = await this.#ask('connect', scope, (own) => this.#handlers.connect?.(this.#peer(), own));
    // RFC 5321 §4.3.1: a client waits for the greeting; one that does not is mostly no mail server.
    const isEarly = this.#connection.reader.buffered > 0;
    if (refusal !== undefined || isEarly) {
      await this.#channel.say(refusal ?? ANSWERS.tooEarly, scope);
      return this.#channel.finish();
    }
    await this.#channel.write(`220 ${this.#config.hostname} ESMTP\r\n`, scope);
  }

  /** Carries a command out. Resolves to another one that came on the way, if there is one. */
  async #take(command: SmtpCommand, scope: Scope): Promise<SmtpCommand | undefined> {
    switch (command.verb) {
      case 'QUIT':
        await this.#channel.say(ANSWERS.bye, scope);
        this.#channel.finish();
        return undefined;
      case 'HELO':
      case 'EHLO':
        await this.#greeted(command.name, command.verb === 'EHLO', scope);
        return undefined;
      case 'STARTTLS':
        await this.#startTls(scope);
        return undefined;
      case 'AUTH':
        await this.#logIn(command.mechanism, command.initial, scope);
        return undefined;
      case 'MAIL':
        return this.#mail(command, scope);
      case 'RSET':
        await this.#channel.say(ANSWERS.ok, scope);
        return undefined;
      default:
        await this.#answerOther(command, scope);
        return undefined;
    }
  }

  async #answerOther(command: SmtpCommand, scope: Scope): Promise<void> {
    await this.#channel.say(
      command.verb === 'invalid' ? command.answer : (OTHERS[command.verb] ?? ANSWERS.badSequence),
      scope,
    );
  }

  async #greeted(name: string, isExtended: boolean, scope: Scope): Promise<void> {
    const refusal = await this.#ask('hello', scope, (own) => this.#handlers.hello?.(name, this.#peer(), own));
    if (refusal !== undefined) return this.#channel.say(refusal, scope);
    this.#hello = { name, isExtended };
    const lines = [this.#config.hostname, ...(isExtended ? this.#extensions() : [])];
    const text = lines.map((line, at) => `250${at === lines.length - 1 ? ' ' : '-'}${line}\r\n`).join('');
    await this.#channel.write(text, scope);
  }

  #extensions(): string[] {
    const { limits, mechanisms, startTls } = this.#config;
    const isSecure = this.#connection.transport.tls !== null;
    return [
      'PIPELINING',
      `SIZE ${limits.maxMessageBytes}`,
      ...(startTls !== undefined && !isSecure ? ['STARTTLS'] : []),
      ...(mechanisms.length > 0 && this.#mayLogIn() ? [`AUTH ${mechanisms.join(' ')}`] : []),
      'ENHANCEDSTATUSCODES',
      '8BITMIME',
      'SMTPUTF8',
      'CHUNKING',
      'DSN',
    ];
  }

  #mayLogIn(): boolean {
    return this.#connection.transport.tls !== null || this.#config.allowsClearAuth;
  }

  async #startTls(scope: Scope): Promise<void> {
    const { startTls, timeouts } = this.#config;
    const { transport, reader } = this.#connection;
    if (transport.tls !== null) return this.#channel.say(ANSWERS.badSequence, scope);
    if (startTls === undefined) return this.#channel.say(ANSWERS.noTls, scope);
    // What came along with the command was not protected: it is nobody's (RFC 3207 §4.2, CVE-2011-0411).
    reader.takeAll();
    await this.#channel.say(ANSWERS.tlsGo, scope);
    using handshake = scope.child({ what: 'The TLS handshake', timeoutMs: timeouts.tlsMs });
    await transport.upgradeTls(upgradeOf(startTls()), handshake);
    this.#hello = undefined;
    this.#user = null;
  }

  async #logIn(name: string, initial: string | null, scope: Scope): Promise<void> {
    const { mechanisms, hostname } = this.#config;
    const say = (answer: SmtpAnswer): Promise<void> => this.#channel.say(answer, scope);
    if (mechanisms.length === 0) return say(ANSWERS.noAuth);
    if (this.#user !== null) return say(ANSWERS.badSequence);
    if (this.#hello === undefined) return say(ANSWERS.helloFirst);
    if (!this.#mayLogIn()) return say(ANSWERS.authInClear);
    const mechanism = mechanisms.find((each) => each === name);
    if (mechanism === undefined) return say(ANSWERS.authUnknown);
    const first = initial === null ? undefined : readResponse(initial);
    const attempt = await LOGINS[mechanism]((challenge) => this.#challenge(challenge, scope), first, hostname);
    if (this.#channel.isOver) return;
    if (attempt === 'cancelled') return say(ANSWERS.authCancelled);
    if (attempt === 'broken') return say(ANSWERS.authBroken);
    let isGood = false;
    const failure = await this.#ask('authenticate', scope, async (own) => {
      isGood = (await this.#handlers.authenticate?.(attempt, this.#peer(), own)) === true;
      return undefined;
    });
    if (failure !== undefined) return say({ ...failure, code: 454, enhanced: '4.7.0' });
    if (!isGood) {
      this.#runtime.log.warn('a log-in to the mail server failed', { id: this.#id, peer: this.#connection.peer });
      return say(ANSWERS.authFailed);
    }
    this.#user = attempt.user;
    await say(ANSWERS.authDone);
  }

  async #challenge(challenge: string, scope: Scope): Promise<Response> {
    await this.#channel.write(`334 ${Buffer.from(challenge).toString('base64')}\r\n`, scope);
    const line = await this.#channel.line(MAX_RESPONSE_BYTES, scope);
    return line === undefined ? 'broken' : readResponse(Buffer.from(line).toString('latin1'));
  }

  async #mail(command: Extract<SmtpCommand, { verb: 'MAIL' }>, scope: Scope): Promise<SmtpCommand | undefined> {
    const refusal = this.#mailRefusal();
    if (refusal !== undefined) {
      await this.#channel.say(refusal, scope);
      return undefined;
    }
    this.#messages++;
    const context = {
      channel: this.#channel,
      handlers: this.#handlers,
      config: this.#config,
      peer: this.#peer(),
      ask: this.#ask.bind(this),
      answerOther: this.#answerOther.bind(this),
    };
    return this.#core.operate('receive', scope, (operation) => receive(command, context, operation.scope), {
      timeoutMs: Infinity,
      phase: 'read',
    });
  }

  #mailRefusal(): SmtpAnswer | undefined {
    const { requiresTls, requiresAuth, limits } = this.#config;
    if (this.#core.state !== 'open') return ANSWERS.leaving;
    if (this.#hello === undefined) return ANSWERS.helloFirst;
    if (requiresTls && this.#connection.transport.tls === null) return ANSWERS.tlsFirst;
    if (requiresAuth && this.#user === null) return ANSWERS.authFirst;
    return this.#messages >= limits.maxMessages ? ANSWERS.tooManyMessages : undefined;
  }

  /** Asks a hook: its refusal, if it refuses. What it throws is a failure of this side. */
  async #ask(hook: string, scope: Scope, run: (own: Scope) => Verdict): Promise<SmtpAnswer | undefined> {
    try {
      const answer = await this.#connection.within(this.#config.timeouts.requestMs, hook, scope, (own) =>
        own.race(Promise.resolve(run(own))),
      );
      return answer !== undefined && answer.code >= 400 ? answer : undefined;
    } catch (error) {
      scope.throwIfEnded();
      this.#runtime.log.warn('a hook of the mail server failed', { id: this.#id, hook, error });
      return ANSWERS.failed;
    }
  }

  #peer(): SmtpPeer {
    const { peer, transport } = this.#connection;
    return {
      id: this.#id,
      peer,
      tls: transport.tls,
      hello: this.#hello?.name ?? null,
      isExtended: this.#hello?.isExtended ?? false,
      user: this.#user,
    };
  }
}

const OTHERS: Readonly<Record<string, SmtpAnswer>> = {
  NOOP: ANSWERS.ok,
  HELP: ANSWERS.help,
  VRFY: ANSWERS.noVerification,
  EXPN: ANSWERS.noLists,
};

function upgradeOf(options: TlsServerOptions): TlsUpgrade {
  let upgrade = upgrades.get(options);
  if (upgrade === undefined) {
    upgrade = { ...options, role: 'server' };
    upgrades.set(options, upgrade);
  }
  return upgrade;
}
