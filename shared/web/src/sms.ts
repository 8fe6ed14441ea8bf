// The code from the text itself, by WebOTP.

/** Gives the code of the next text to `fill`, where the browser can read it and the person consents. Returns what stops it. */
export function listenForSms(fill: (code: string) => void): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  if ("OTPCredential" in window) {
    navigator.credentials.get({ otp: { transport: ["sms"] }, signal } as CredentialRequestOptions).then(
      (found) => found && !signal.aborted && fill((found as Credential & { code: string }).code),
      () => {}, // Declined, aborted, or not on a phone: the person types the code.
    );
  }
  return () => abort.abort();
}
