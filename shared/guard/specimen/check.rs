//! Checks the success token that is given, by the keys of `jwks.json`:
//! `curl -sS https://verify.example.com/.well-known/jwks.json -o jwks.json`

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use phoneproof_guard::Guard;

fn main() -> Result<(), Box<dyn Error>> {
    let jwks = fs::read("jwks.json")?;
    let token = env::args().nth(1).ok_or("give a success token")?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let guard = Guard::new("https://verify.example.com", &jwks)?;
    // The business that the phone was verified for. A token for another one is refused.
    let proof = guard.check(&token, "password-change", now)?;
    if proof.test {
        return Err("this is the token of a test number".into());
    }
    println!("{} is verified", proof.phone);
    Ok(())
}
