import type { Logger, RoundhouseError, Scope } from '@roundhouse/core';
import { APL } from '../codepage/apl.ts';
import type { CodePage } from '../codepage/codePage.ts';
import type { BufferAddress } from '../datastream/address.ts';
import { COMMANDS } from '../datastream/command.ts';
import type { ScreenSize } from '../screen/screen.ts';
import { encodeRecord } from '../telnet/encode.ts';
import {
  DATA_TYPE,
  encodeHeader,
  FUNCTION,
  HEADER_BYTES,
  MAX_SEQUENCE,
  NEGATIVE,
  REQUEST_FLAG,
  RESPONSE,
  RESPONSE_FLAG,
  rowOf,
  UNBIND,
} from '../telnet/tn3270e.ts';
import { encodeBindImage } from './bind.ts';
import { OutboundStream } from './encode.ts';
import { hostError } from './errors.ts';
import { decodeFieldText, decodeInbound, type InboundRecord } from './inbound.ts';
import type { SessionTerms } from './negotiate.ts';
import type { TerminalLine, TerminalServiceFactory } from './service.ts';
import { TELNET } from '../telnet/code.ts';
import { parseQueryReplies, type QueryFacts, READ_PARTITION_QUERY } from './query.ts';
import { readAnswer, type Rendering, renderScreen, renderUpdate, type ShownValues } from './render.ts';
import type { Answer, ScreenDefinition, ScreenLayout } from './screen.ts';

export interface ShowOptions<Input extends string = string, Shown extends string = string> {
  /** Texts by field name; what is left out is shown empty. */
  readonly values?: Readonly<Partial<Record<Shown, string>>>;
  /** Where the cursor goes instead of the definition's place. */
  readonly cursor?: Input;
  readonly alarm?: boolean;
}

export interface UpdateOptions {
  readonly alarm?: boolean;
}

/** A terminal, as an application on the host sees it. One call at a time: each is awaited before the next. */
export interface HostTerminal {
  readonly peer: string;
  readonly lu: string;
  /** Terminal type as the client named it. */
  readonly deviceType: string;
  readonly protocol: SessionTerms['protocol'];
  /** Colours, highlights and graphic escape are understood. */
  readonly extended: boolean;
  /** Mnemonics of the TN3270E functions in force. */
  readonly functions: readonly string[];
  /** The whole screen of the terminal, which `show` uses. */
  readonly size: ScreenSize;
  /** Ends when the terminal goes: for waits of the application. */
  readonly scope: Scope;
  /**
   * Draws a screen, unlocks the keyboard and waits for an attention key. Raises SCREEN_INVALID, SCREEN_VALUE_INVALID,
   * TERMINAL_CLOSED, TERMINAL_SILENT (nobody answered within the idle time), TERMINAL_REJECTED_RECORD, TERMINAL_BUSY.
   */
  show<Input extends string, Shown extends string>(
    screen: ScreenDefinition<Input, Shown>,
    options?: ShowOptions<NoInfer<Input>, NoInfer<Shown>>,
  ): Promise<Answer<Input>>;
  /** Draws a screen and leaves the keyboard locked. */
  paint<Input extends string, Shown extends string>(
    screen: ScreenDefinition<Input, Shown>,
    options?: ShowOptions<NoInfer<Input>, NoInfer<Shown>>,
  ): void;
  /**
   * Changes named fields of the screen that stands; what is being typed and the keyboard stay as they are. May be
   * called while `show` waits. Raises SCREEN_INVALID when no screen stands.
   */
  update(values: ShownValues, options?: UpdateOptions): void;
  /** `update` of the field called `message`. */
  message(text: string, options?: UpdateOptions): void;
  /** Reads the inputs of the screen that stands without waiting for a key (Read Modified All). */
  read(): Promise<Answer>;
  /** Asks the terminal what it is and has (Read Partition Query). */
  query(): Promise<QueryFacts>;
  /** Says goodbye: what was written still arrives. Idempotent. */
  close(): Promise<void>;
}

export interface TerminalOptions {
  readonly codePage: CodePage;
  /** Application name of the BIND. */
  readonly pluName: string;
  /** Longest wait of `show`, ms. */
  readonly idleTimeoutMs: number;
  /** Longest wait for an answer that needs no person (`read`, `query`), ms. */
  readonly replyTimeoutMs: number;
}

interface Waiting {
  readonly what: string;
  /** The result when the record is what is waited for; undefined when it is not. */
  readonly accept: (record: InboundRecord) => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: RoundhouseError) => void;
}

interface Standing {
  readonly layout: ScreenLayout;
  readonly shown: ShownValues;
}

/** Lines of the SSCP, reached with the SysReq key. RFC 2355 §12. */
const SSCP_TEXT = {
  Ready: 'SSCP: LOGOFF ENDS THE SESSION, SYSREQ RETURNS TO IT',
  Unknown: 'COMMAND UNRECOGNIZED',
} as const;
/** New line of SSCP-LU data. */
const EBCDIC_NL = 0x15;

/** What runs for each terminal; its return or throw ends that session and no other. */
export type HostApplication = (terminal: HostTerminal) => Promise<void>;

/** Runs `application` for each terminal, with screens. */
export function screenService(application: HostApplication, options: TerminalOptions): TerminalServiceFactory {
  return (terms, line, scope, log) => {
    const terminal = new ConnectedTerminal(terms, line, options, scope, log);
    return {
      async run() {
        await terminal.begin();
        await application(terminal);
      },
      receive: (record) => terminal.receive(record),
      command: (code) => {
        if (code === TELNET.AO) terminal.systemRequest();
      },
      // What an application writes is a screen a time, and waits for its answer.
      drained() {},
    };
  };
}

/** The terminal of one connection: records in, records out. It is told of records and of the end by its connection. */
class ConnectedTerminal implements HostTerminal {
  readonly scope: Scope;
  readonly #terms: SessionTerms;
  readonly #line: TerminalLine;
  readonly #options: TerminalOptions;
  readonly #log: Logger;
  readonly #rendering: Rendering;
  #size: ScreenSize;
  #standing: Standing | undefined;
  #waiting: Waiting | undefined;
  #sequence = 0;
  /** The person talks to the SSCP instead of the application. */
  #inSscp = false;
  /** The last whole screen, to draw again after a visit to the SSCP. */
  #lastScreen: Uint8Array | undefined;
  #yieldsTurn = false;

  constructor(terms: SessionTerms, line: TerminalLine, options: TerminalOptions, scope: Scope, log: Logger) {
    this.#terms = terms;
    this.#line = line;
    this.#options = options;
    this.#log = log;
    this.scope = scope;
    this.#size = terms.model.alternateSize;
    this.#rendering = {
      codePage: options.codePage,
      apl: terms.model.extended ? APL : undefined,
      extended: terms.model.extended,
    };
    scope.onEnd((reason) => this.#waiting?.reject(reason));
  }

  get peer(): string {
    return this.#line.peer;
  }

  get lu(): string {
    return this.#terms.lu;
  }

  get deviceType(): string {
    return this.#terms.deviceType;
  }

  get protocol(): SessionTerms['protocol'] {
    return this.#terms.protocol;
  }

  get extended(): boolean {
    return this.#rendering.extended;
  }

  get functions(): readonly string[] {
    return [...this.#terms.functions].map((code) => rowOf(FUNCTION, code)?.mnemonic ?? String(code));
  }

  get size(): ScreenSize {
    return this.#size;
  }

  /** First words of the host: the BIND, and the question for the size where the terminal type leaves it open. */
  async begin(): Promise<void> {
    const { model } = this.#terms;
    if (this.#has(FUNCTION.BIND_IMAGE.code)) {
      const facts = {
        pluName: this.#options.pluName,
        defaultSize: model.defaultSize,
        alternateSize: model.dynamic ? undefined : model.alternateSize,
      };
      this.#record(DATA_TYPE.BIND_IMAGE.code, encodeBindImage(facts, this.#options.codePage));
    }
    if (!model.dynamic) return;
    const { implicitSizes, usableArea } = await this.query();
    this.#size = implicitSizes?.alternate ?? usableArea ?? model.defaultSize;
  }

  show<Input extends string, Shown extends string>(
    screen: ScreenDefinition<Input, Shown>,
    options: ShowOptions<Input, Shown> = {},
  ): Promise<Answer<Input>> {
    return this.#wait<Answer<Input>>('show', this.#options.idleTimeoutMs, 'an attention key', {
      send: () => this.#draw(screen, options, true),
      // The names of the answer are those of the screen just drawn.
      accept: (record) => this.#answer(record) as Answer<Input> | undefined,
    });
  }

  paint<Input extends string, Shown extends string>(
    screen: ScreenDefinition<Input, Shown>,
    options: ShowOptions<Input, Shown> = {},
  ): void {
    this.scope.throwIfEnded();
    this.#draw(screen, options, false);
  }

  update(values: ShownValues, options: UpdateOptions = {}): void {
    this.scope.throwIfEnded();
    const { layout, shown } = this.#screen();
    const unknown = Object.keys(values).find((name) => !layout.fields.some(({ field }) => nameOf(field) === name));
    if (unknown !== undefined) {
      throw hostError('SCREEN_VALUE_INVALID', { details: { field: unknown, reason: 'the screen has no such field' } });
    }
    const write = { alarm: options.alarm ?? false, restore: false };
    const stream = renderUpdate(layout, values, write, this.#rendering);
    this.#standing = { layout, shown: { ...shown, ...values } };
    if (!this.#inSscp) this.#data(stream, this.#yieldsTurn);
  }

  message(text: string, options?: UpdateOptions): void {
    this.update({ message: text }, options);
  }

  read(): Promise<Answer> {
    return this.#wait('read', this.#options.replyTimeoutMs, 'the answer to a read', {
      send: () => {
        this.#screen();
        this.#data(Uint8Array.of(COMMANDS.RMA.snaCode), true);
      },
      accept: (record) => this.#answer(record),
    });
  }

  query(): Promise<QueryFacts> {
    return this.#wait('query', this.#options.replyTimeoutMs, 'the answer to a query', {
      send: () => this.#data(READ_PARTITION_QUERY, true),
      accept: (record) => (record.kind === 'structured' ? parseQueryReplies(record.body) : undefined),
    });
  }

  close(): Promise<void> {
    return this.#line.close();
  }

  /** A record from the terminal, borrowed. False when nobody wanted it. */
  receive(record: Uint8Array): boolean {
    if (this.#terms.protocol === 'tn3270') return this.#inbound(record);
    if (record.length < HEADER_BYTES) return this.#protocolError('a record is shorter than its header');
    const [dataType, , responseFlag] = record as Uint8Array & [number, number, number];
    const body = record.subarray(HEADER_BYTES);
    if (dataType === DATA_TYPE.DATA_3270.code) return this.#inbound(body);
    if (dataType === DATA_TYPE.RESPONSE.code) return this.#response(responseFlag, body);
    if (dataType === DATA_TYPE.SSCP_LU_DATA.code && this.#inSscp) this.#sscpCommand(body);
    return false;
  }

  /** The SysReq key of TN3270E (IAC AO): to the SSCP, and back. RFC 2355 §12. */
  systemRequest(): void {
    if (!this.#has(FUNCTION.SYSREQ.code)) return;
    this.#inSscp = !this.#inSscp;
    if (this.#inSscp) this.#sscp(SSCP_TEXT.Ready);
    else if (this.#lastScreen !== undefined) this.#data(this.#lastScreen, this.#yieldsTurn);
  }

  #draw(screen: ScreenDefinition, options: ShowOptions, waits: boolean): void {
    const layout = screen.layout(this.#size);
    const shown = options.values ?? {};
    const stream = renderScreen(
      layout,
      shown,
      cursorOf(layout, options.cursor),
      sameSize(this.#size, this.#terms.model.defaultSize) ? 'EW' : 'EWA',
      { alarm: options.alarm ?? false, restore: waits },
      this.#rendering,
    );
    this.#standing = { layout, shown };
    this.#lastScreen = stream;
    this.#yieldsTurn = waits;
    if (!this.#inSscp) this.#data(stream, waits);
  }

  #screen(): Standing {
    if (this.#standing !== undefined) return this.#standing;
    throw hostError('SCREEN_INVALID', { details: { reason: 'no screen has been shown yet' } });
  }

  #answer(record: InboundRecord): Answer | undefined {
    const { layout, shown } = this.#screen();
    if (record.kind === 'test_request') return { aid: 'SysReq', cursor: { row: 1, column: 1 }, values: {} };
    return record.kind === 'attention' ? readAnswer(layout, shown, record, this.#rendering) : undefined;
  }

  async #wait<R>(
    what: string,
    timeoutMs: number,
    wanted: string,
    step: { readonly send: () => void; readonly accept: (record: InboundRecord) => R | undefined },
  ): Promise<R> {
    this.scope.throwIfEnded();
    if (this.#waiting !== undefined)
      throw hostError('TERMINAL_BUSY', { details: { what: this.#waiting.what, peer: this.peer } });
    const { promise, resolve, reject } = Promise.withResolvers<R>();
    const waiting: Waiting = { what, accept: step.accept, resolve, reject };
    this.#waiting = waiting;
    const timer = this.scope.clock.setTimer(timeoutMs, () =>
      reject(hostError('TERMINAL_SILENT', { details: { peer: this.peer, timeout_ms: timeoutMs, what: wanted } })),
    );
    try {
      step.send();
      return await promise;
    } finally {
      timer.cancel();
      if (this.#waiting === waiting) this.#waiting = undefined;
    }
  }

  #inbound(body: Uint8Array): boolean {
    const record = decodeInbound(body);
    if (record.kind === 'invalid') return this.#protocolError(record.reason);
    const waiting = this.#waiting;
    const result = waiting?.accept(record);
    if (waiting === undefined || result === undefined) return false;
    this.#waiting = undefined;
    this.#yieldsTurn = false;
    waiting.resolve(result as never);
    return true;
  }

  #response(flag: number, body: Uint8Array): boolean {
    if (flag !== RESPONSE.NEGATIVE.code) return false;
    const reason = rowOf(NEGATIVE, body[0] ?? -1)?.mnemonic ?? 'no known reason';
    const error = hostError('TERMINAL_REJECTED_RECORD', { details: { peer: this.peer, reason } });
    if (this.#waiting === undefined) this.#log.warn('screen refused', { code: error.code, reason });
    else this.#waiting.reject(error);
    return true;
  }

  #sscpCommand(body: Uint8Array): void {
    const text = decodeFieldText(body, this.#options.codePage).trim().toUpperCase();
    if (text !== 'LOGOFF') return this.#sscp(SSCP_TEXT.Unknown);
    if (this.#has(FUNCTION.BIND_IMAGE.code)) this.#record(DATA_TYPE.UNBIND.code, Uint8Array.of(UNBIND.NORMAL.code));
    void this.#line.close();
  }

  #sscp(text: string): void {
    const line = new OutboundStream(0).byte(EBCDIC_NL).text(text, { codePage: this.#options.codePage, apl: undefined });
    this.#record(DATA_TYPE.SSCP_LU_DATA.code, line.byte(EBCDIC_NL).bytes);
  }

  /** 3270 data; `yields` gives the turn to the terminal, where contention resolution is in force. */
  #data(stream: Uint8Array, yields: boolean): void {
    this.#record(DATA_TYPE.DATA_3270.code, stream, yields);
  }

  #record(dataType: number, body: Uint8Array, yields = false): void {
    if (this.#terms.protocol === 'tn3270') {
      this.#line.write(encodeRecord(body));
      return;
    }
    const isData = dataType === DATA_TYPE.DATA_3270.code;
    const turn = yields && this.#has(FUNCTION.CONTENTION_RESOLUTION.code) ? REQUEST_FLAG.SEND_DATA.code : 0;
    const responses = isData && this.#has(FUNCTION.RESPONSES.code);
    const response = responses ? RESPONSE_FLAG.ERROR_RESPONSE.code : RESPONSE_FLAG.NO_RESPONSE.code;
    this.#line.write(encodeRecord(body, encodeHeader(dataType, turn, response, this.#sequence)));
    this.#sequence = this.#sequence === MAX_SEQUENCE ? 0 : this.#sequence + 1;
  }

  #has(functionCode: number): boolean {
    return this.#terms.functions.has(functionCode);
  }

  #protocolError(reason: string): false {
    this.#line.fail(hostError('TERMINAL_PROTOCOL', { details: { peer: this.peer, reason } }));
    return false;
  }
}

function cursorOf(layout: ScreenLayout, name: string | undefined): BufferAddress {
  if (name === undefined) return layout.cursor;
  return layout.fields.find(({ field }) => nameOf(field) === name)?.start ?? layout.cursor;
}

function nameOf(field: ScreenDefinition['fields'][number]): string | undefined {
  return 'name' in field ? field.name : undefined;
}

function sameSize(a: ScreenSize, b: ScreenSize): boolean {
  return a.rows === b.rows && a.columns === b.columns;
}
