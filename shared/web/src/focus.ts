// The focus. It leads the person on, and stays where the person is.

export class Focus {
  readonly #host: HTMLElement;
  /** What had the focus when the person, or the page, last asked for something. */
  #from: Element | undefined;

  constructor(host: HTMLElement) {
    this.#host = host;
  }

  /** What has the focus within the element. */
  get inside(): Element | null {
    return this.#host.shadowRoot!.activeElement;
  }

  /** What has the focus in the tree that the element stands in, if anything. */
  get #holder(): Element | undefined {
    const active = (this.#host.getRootNode() as Document).activeElement ?? document.activeElement;
    return active && active !== document.body ? active : undefined;
  }

  /** Remembers from where something was asked for. */
  note(): void {
    this.#from = this.#holder;
  }

  /** Moves the focus, unless the person went elsewhere on the page since then. Returns whether it did. */
  lead(target: HTMLElement): boolean {
    const holder = this.#holder;
    const isFree = !holder || holder === this.#host || holder === this.#from;
    if (isFree) target.focus();
    return isFree;
  }

  /** Makes a change that may hide, or take away, what has the focus. It then goes to what is to be filled in next. */
  hold(change: () => void): void {
    const had = this.inside;
    change();
    const { inside } = this;
    if (had && (inside ? !inside.getClientRects().length : !this.#holder)) this.#host.focus();
  }
}
