// What runs while the person waits.

import type { Kit } from "./kit.js";
import { announce } from "./notices.js";

/** After how many milliseconds of an unanswered call the person is told that it is under way. */
const UNDER_WAY = 1000;

/** What runs at once: a code may be checked while another text is under way. */
type Kind = "send" | "verify" | "resend";
/** Whether the answer of a work is still awaited. It is not after a reset. */
export type IsAwaited = () => boolean;
type Work = (isAwaited: IsAwaited) => Promise<void>;

export class Works {
  readonly #kit: Kit;
  /** What runs, with the button that began it. Each cancel puts a new map in its place. */
  #busy = new Map<Kind, HTMLElement>();

  constructor(kit: Kit) {
    this.#kit = kit;
  }

  get areRunning(): boolean {
    return this.#busy.size > 0;
  }

  /** Lets go of what is under way: its answer changes nothing on the page. */
  cancel(): void {
    for (const control of this.#busy.values()) control.removeAttribute("aria-busy");
    this.#busy = new Map();
  }

  on(target: HTMLElement, type: string, kind: Kind, control: HTMLElement, work: Work): void {
    target.addEventListener(type, (event) => {
      event.preventDefault();
      void this.run(kind, control, work);
    });
  }

  /** Runs `work` unless the same runs already. The button is not disabled, because it would lose the focus. */
  async run(kind: Kind, control: HTMLElement, work: Work): Promise<void> {
    const { focus, speak, view } = this.#kit;
    const busy = this.#busy;
    if (busy.has(kind)) return;
    const isAwaited = () => busy === this.#busy;
    const timer = setTimeout(() => isAwaited() && announce(this.#kit, "sending"), UNDER_WAY);
    focus.note();
    busy.set(kind, control);
    control.setAttribute("aria-busy", "true");
    try {
      await work(isAwaited);
    } finally {
      clearTimeout(timer);
      busy.delete(kind);
      if (isAwaited()) {
        control.removeAttribute("aria-busy");
        if (speak.says(view.announcer) === "sending") speak.clear(view.announcer);
      }
    }
  }
}
