import type { ScreenSize } from '@roundhouse/tn3270';
import type { Tty, TtyHandler } from './tty.ts';
import { VtModel } from './vt.fixture.ts';

/** A terminal window with a test at its keys. */
export class FakeTty implements Tty {
  readonly palette = '16';
  window: ScreenSize;
  vt: VtModel;
  /** What `write` answers; false holds the display back. */
  takesMore = true;
  writes = 0;
  bells = 0;
  isOpen = false;
  handler!: TtyHandler;

  constructor(window: ScreenSize) {
    this.window = window;
    this.vt = new VtModel(window);
  }

  open(handler: TtyHandler): void {
    this.isOpen = true;
    this.handler = handler;
  }

  write(text: string): boolean {
    this.writes++;
    if (text === '\x07') this.bells++;
    else this.vt.write(text);
    return this.takesMore;
  }

  close(): void {
    this.isOpen = false;
  }

  resize(window: ScreenSize): void {
    this.window = window;
    this.vt = new VtModel(window);
    this.handler.resized();
  }
}
