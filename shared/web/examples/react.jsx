// A log-in form in React 19, which sets properties and events of custom elements by itself. The package is not on npm: beside your
// clone of PhoneProof, `npm install ../phoneproof/shared/web`.

import { useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import "phoneproof-web/phone-proof.js";

const ISSUER = "http://127.0.0.1:3000"; // the ISSUER of your stack

function LogIn() {
  const proof = useRef(null);
  const isBusy = useRef(false); // at once, unlike a state, so that a double click logs in once
  const [token, setToken] = useState("");
  const [said, setSaid] = useState("");

  async function logIn(event) {
    event.preventDefault();
    if (isBusy.current) return;
    isBusy.current = true;
    setSaid("Logging in …");
    setSaid(await submit());
    isBusy.current = false;
  }

  /** Your backend checks the token, compares business and action, spends it, and then acts. */
  async function submit() {
    try {
      const answer = await fetch("/login", { method: "POST", headers: { Authorization: `Bearer ${token}` } });
      if (answer.status >= 500) return "This does not work just now. Please try again in a moment.";
      proof.current.value = ""; // the token is spent, or worth nothing
      return answer.ok ? "You are logged in." : "Please verify your number again.";
    } catch {
      return "Nothing answers. Check your connection, then try again.";
    }
  }

  return (
    <form onSubmit={logIn}>
      <h1>Log in</h1>
      <phone-proof ref={proof} issuer={ISSUER} business="login" required onchange={(event) => setToken(event.target.value)} />
      <p>
        <button disabled={!token}>Log in</button>
      </p>
      <p role="status">{said}</p>
    </form>
  );
}

createRoot(document.getElementById("app")).render(<LogIn />);
