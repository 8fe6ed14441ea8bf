// What runs while the person waits.

import type { Kit } from "./kit.js";
import { announce } from "./notices.js";

/** After how many milliseconds of an unanswered call the person is told that it is under way. */
const UNDER_WAY = 1000;
/**
 * How long a person waits for what is found out beside a call, and the first pause before the policy is asked for again, in
 * milliseconds. Each pause is twice the one before: as long as nothing has answered so far.
 */
export const AT_MOST = 3000;

/** Waits, but not for long. */
export const within = <T>(what: Promise<T>) => Promise.race([what, new Promise<undefined>((resolve) => setTimeout(resolve, AT_MOST))]);

/** What runs at once: a code may be checked while another text is under way. */
type Kind = "send" | "verify" | "resend";
/** Whether the answer of a work is still awaited. It is not after a reset. */
export type IsAwaited = () => boolean;
type Work = (isAwaited: IsAwaited) => Promise<void>;

export function makeWorks(kit: Kit) {
  const { focus, speak, view } = kit;
  /** What runs, with the button that began it. Each cancel puts a new map in its place. */
  let running = new Map<Kind, HTMLElement>();

  /** Runs `work` unless the same runs already. The button is not disabled, because it would lose the focus. */
  async function run(kind: Kind, control: HTMLElement, work: Work): Promise<void> {
    const busy = running;
    if (busy.has(kind)) return;
    const isAwaited = () => busy === running;
    const timer = setTimeout(() => isAwaited() && announce(kit, "sending"), UNDER_WAY);
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
        if (speak.says(view.announcerLine) === "sending") speak.hush(view.announcerLine);
      }
    }
  }

  return {
    run,
    get areRunning() {
      return running.size > 0;
    },
    /** Lets go of what is under way: its answer changes nothing on the page. */
    cancel() {
      for (const control of running.values()) control.removeAttribute("aria-busy");
      running = new Map();
    },
    on(target: HTMLElement, type: string, kind: Kind, control: HTMLElement, work: Work) {
      target.addEventListener(type, (event) => {
        event.preventDefault();
        void run(kind, control, work);
      });
    },
  };
}
