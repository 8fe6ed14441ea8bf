// The focus. It leads the person on, and stays where the person is.

export type Focus = ReturnType<typeof makeFocus>;

export function makeFocus(host: HTMLElement) {
  /** What had the focus when the person, or the page, last asked for something. */
  let from: Element | undefined;

  /** What has the focus within the element. */
  const inside = () => host.shadowRoot!.activeElement;

  /** What has the focus in the tree that the element stands in, if anything. */
  const holder = () => {
    const active = (host.getRootNode() as Document).activeElement ?? document.activeElement;
    return active && active !== document.body ? active : undefined;
  };

  return {
    inside,
    /** Remembers from where something was asked for. */
    note() {
      from = holder();
    },

    /** Moves the focus, unless the person went elsewhere on the page since then. Returns whether it did. */
    lead(target: HTMLElement): boolean {
      const now = holder();
      const isFree = !now || now === host || now === from;
      if (isFree) target.focus();
      return isFree;
    },

    /** Makes a change that may hide, or take away, what has the focus. It then goes to `next`, or to what is to be filled in next. */
    hold(change: () => void, next: HTMLElement = host) {
      const had = inside();
      change();
      const has = inside();
      if (had && (has ? !has.getClientRects().length : !holder())) next.focus();
    },
  };
}
