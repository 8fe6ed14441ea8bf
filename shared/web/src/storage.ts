// What a browser keeps, where it may.

/**
 * Keeps a text, or with `null` none any more; without `text` it returns what is kept. Nothing is, where there is no storage, or
 * it is off or full.
 */
export function kept(area: "sessionStorage" | "localStorage", name: string, text?: string | null): string | undefined {
  try {
    const storage = globalThis[area];
    if (text) storage.setItem(name, text);
    else if (text === null) storage.removeItem(name);
    return storage.getItem(name) ?? undefined;
  } catch {
    return undefined;
  }
}
