/**
 * What our scripts in pages need of a browser, as types. They are written as functions of this program and put into
 * the page as their text, so the compiler checks them; the whole DOM would make its globals known everywhere.
 */

export interface Style {
  setProperty(name: string, value: string): void;
}

export interface Node {
  textContent: string | null;
  value: string;
  readonly classList: { toggle(name: string, on: boolean): void };
  readonly style: Style;
  readonly clientWidth: number;
  append(...children: Node[]): void;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  querySelector(selector: string): Node | null;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
  getComputedTextLength(): number;
  focus(): void;
}

export interface PageEvent {
  readonly key?: string;
  readonly target: Node;
  preventDefault(): void;
}

export interface Page {
  readonly documentElement: Node;
  getElementById(id: string): Node | null;
  querySelector(selector: string): Node | null;
  querySelectorAll(selector: string): Iterable<Node>;
  createElementNS(namespace: string, name: string): Node;
  addEventListener(type: string, listener: (event: PageEvent) => void): void;
}

export interface BrowserWindow {
  readonly innerWidth: number;
  readonly innerHeight: number;
  addEventListener(type: string, listener: () => void): void;
}
