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
export declare const ABOUT: string[];
/** Sets an attribute as frameworks mean it: nothing and `false` take it away. */
export declare function reflect(element: Element, name: string, value: unknown): void;
/** Defines a property on the prototype of an element. Frameworks set what there is, so each can be set. */
export declare function define<T extends Element>(prototype: T, name: string, read: (element: T) => unknown, write?: (element: T, value: unknown) => void): void;
/** Defines the properties that are attributes on the prototype of an element. */
export declare function defineReflected(prototype: Element): void;
/** Sets again what a page set before the element was defined, which hides the properties of its class. */
export declare function takeEarlier(element: object, more: string[]): void;
