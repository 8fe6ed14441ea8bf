// What the parts of one element share.

import type { Reflected } from "./attributes.js";
import type { Countdowns, Speaker } from "./dom.js";
import type { Focus } from "./focus.js";
import type { View } from "./view.js";

export interface Kit {
  readonly host: HTMLElement & Reflected;
  readonly internals: ElementInternals;
  readonly view: View;
  readonly speak: Speaker;
  readonly countdowns: Countdowns;
  readonly focus: Focus;
}
