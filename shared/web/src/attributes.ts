// Attributes as properties. Frameworks set a property where an element has one of the name, so each has to take a value.

/** The attributes that are properties, too. A boolean one is there or not. */
export interface Reflected {
  issuer: string;
  business: string;
  action: string;
  phone: string;
  country: string;
  locale: string;
  name: string;
  required: boolean;
  disabled: boolean;
}
/** The attributes that say what is verified. A challenge and a value are worth nothing when one of them changes. */
export const ABOUT = ["issuer", "business", "action", "phone"];
const FLAGS = ["required", "disabled"];
const ALL = [...ABOUT, "country", "locale", "name", ...FLAGS];

/** Sets an attribute as frameworks mean it: nothing and `false` take it away. */
export function reflect(element: Element, name: string, value: unknown): void {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? "" : String(value));
}

/** Defines a property on the prototype of an element. Frameworks set what there is, so each can be set. */
export function define<T extends Element>(prototype: T, name: string, read: (element: T) => unknown, write: (element: T, value: unknown) => void = () => {}): void {
  Object.defineProperty(prototype, name, {
    get(this: T) {
      return read(this);
    },
    set(this: T, value: unknown) {
      write(this, value);
    },
  });
}

/** Defines the properties that are attributes on the prototype of an element. */
export function defineReflected(prototype: Element): void {
  for (const name of ALL) {
    const read = (element: Element) => (FLAGS.includes(name) ? element.hasAttribute(name) : element.getAttribute(name) ?? "");
    define(prototype, name, read, (element, value) => reflect(element, name, value));
  }
}

/** Sets again what a page set before the element was defined, which hides the properties of its class. */
export function takeEarlier(element: object, more: string[]): void {
  const own = element as Record<string, unknown>;
  for (const name of [...ALL, ...more]) {
    if (!Object.hasOwn(own, name)) continue;
    const value = own[name];
    delete own[name];
    own[name] = value;
  }
}
