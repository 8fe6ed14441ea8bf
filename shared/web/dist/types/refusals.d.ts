import { type Key } from "./words.js";
/** What was asked for when it was refused. */
export type Step = "send" | "verify";
/** What is known of a refusal; a {@link Problem} has it. */
export interface Refusal {
    status: number;
    kind: string;
    rule?: string | undefined;
}
/** Names the words that tell a refusal to a person: those of its rule, if there are any. */
export declare function wordsFor(step: Step, { status, kind, rule }: Refusal): Key;
/** Says what is wrong with a number that the service could not read. */
export declare function phoneFault(typed: string): Key;
