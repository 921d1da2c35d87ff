//! Passwords and their hashes. Nobody ever sees a password: it goes from the system's
//! randomness into JumpServer, and as a hash into the server.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::dialect::HashKind;

/// How long passwords are: with 66 characters to choose from, 169 bits.
const LENGTH: usize = 28;

/// Safe in URLs, shells, templates, quotes and comments of both sides.
const ALPHABET: &[u8; 66] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+";

/// The system gives no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers: no password can be made")]
pub struct NoRandomness;

/// A new password. It has lower and upper case, a digit and another character (as
/// `validate_password` STRONG demands), and begins with a letter.
pub fn generate() -> Result<SecretString, NoRandomness> {
    loop {
        let text = random_text(ALPHABET, LENGTH)?;
        let has = |is: fn(&u8) -> bool| text.as_bytes().iter().any(is);
        if has(u8::is_ascii_lowercase)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_punctuation)
            && text.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            return Ok(SecretString::from(text.as_str()));
        }
    }
}

/// A random word for a generation of a password: 16 hexadecimal digits. It is no secret.
pub fn generation() -> Result<String, NoRandomness> {
    Ok(random_text(b"0123456789abcdef", 16)?.to_string())
}

/// Characters of an alphabet of at most 256, each as likely as any other.
fn random_text(alphabet: &[u8], length: usize) -> Result<Zeroizing<String>, NoRandomness> {
    // Bytes beyond the last whole multiple would make some characters likelier.
    let fair = 256 / alphabet.len() * alphabet.len();
    let mut text = Zeroizing::new(String::with_capacity(length));
    let mut bytes = Zeroizing::new([0_u8; 64]);
    while text.len() < length {
        getrandom::fill(bytes.as_mut()).map_err(|_| NoRandomness)?;
        let usable = bytes.iter().map(|b| usize::from(*b)).filter(|b| *b < fair);
        for byte in usable.take(length - text.len()) {
            text.push(char::from(alphabet[byte % alphabet.len()]));
        }
    }
    Ok(text)
}

/// The hash of a password, as a server stores it.
pub struct Hash {
    kind: HashKind,
    text: Zeroizing<String>,
}

impl Hash {
    /// Hashes a password in the form of a server (see [`super::dialect::Dialect::hash_kind`]).
    pub fn new(kind: HashKind, password: &SecretString) -> Result<Self, NoRandomness> {
        let password = password.expose_secret().as_bytes();
        let text = match kind {
            HashKind::Native => {
                let twice = Sha1::digest(Sha1::digest(password));
                let hex = data_encoding::HEXUPPER.encode(&twice);
                Zeroizing::new(format!("*{hex}"))
            }
            HashKind::CachingSha2 => {
                // The server takes any bytes; these need no escape anywhere.
                let salt = random_text(CRYPT, 20)?;
                let digest = sha256_crypt(password, salt.as_bytes());
                Zeroizing::new(format!("$A$005${}{}", *salt, *digest))
            }
        };
        Ok(Self { kind, text })
    }

    /// The form.
    pub(super) fn kind(&self) -> HashKind {
        self.kind
    }

    /// The text of the hash, for the statement alone.
    pub(super) fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hash").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The alphabet of crypt's base 64.
const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The rounds of `caching_sha2_password` (`005` thousands).
const ROUNDS: usize = 5000;

/// SHA-256 crypt (U. Drepper, "Unix crypt using SHA-256 and SHA-512") with the server's
/// longer salt; 43 characters.
fn sha256_crypt(password: &[u8], salt: &[u8]) -> Zeroizing<String> {
    let repeated = |block: &[u8], length: usize| -> Zeroizing<Vec<u8>> {
        Zeroizing::new(block.iter().copied().cycle().take(length).collect())
    };
    let alternate = Zeroizing::new(<[u8; 32]>::from(
        Sha256::new().chain_update(password).chain_update(salt).chain_update(password).finalize(),
    ));
    let mut first = Sha256::new();
    first.update(password);
    first.update(salt);
    first.update(&*repeated(&*alternate, password.len()));
    let mut bits = password.len();
    while bits > 0 {
        if bits & 1 == 1 {
            first.update(alternate.as_slice())
        } else {
            first.update(password)
        }
        bits >>= 1;
    }
    let mut state = Zeroizing::new(<[u8; 32]>::from(first.finalize()));

    let mut by_password = Sha256::new();
    for _ in 0..password.len() {
        by_password.update(password);
    }
    let by_password = Zeroizing::new(<[u8; 32]>::from(by_password.finalize()));
    let p = repeated(&*by_password, password.len());
    let mut by_salt = Sha256::new();
    for _ in 0..16 + usize::from(state[0]) {
        by_salt.update(salt);
    }
    let s = repeated(&by_salt.finalize(), salt.len());

    for round in 0..ROUNDS {
        let mut next = Sha256::new();
        if round % 2 == 1 {
            next.update(&*p)
        } else {
            next.update(state.as_slice())
        }
        if round % 3 != 0 {
            next.update(&*s);
        }
        if round % 7 != 0 {
            next.update(&*p);
        }
        if round % 2 == 1 {
            next.update(state.as_slice())
        } else {
            next.update(&*p)
        }
        *state = next.finalize().into();
    }

    let mut text = Zeroizing::new(String::with_capacity(43));
    let mut put = |high: u8, middle: u8, low: u8, count: usize| {
        let mut bits = u32::from(high) << 16 | u32::from(middle) << 8 | u32::from(low);
        for _ in 0..count {
            text.push(char::from(CRYPT[(bits & 63) as usize]));
            bits >>= 6;
        }
    };
    // The bytes of each group of four characters are a third of the digest apart, and
    // their places turn from group to group.
    let (mut a, mut b, mut c) = (0, 10, 20);
    for _ in 0..10 {
        put(state[a], state[b], state[c], 4);
        (a, b, c) = (c + 1, a + 1, b + 1);
    }
    put(0, state[31], state[30], 3);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crypt_gives_what_openssl_gives() {
        // openssl passwd -5 -salt saltstring 'Hello world!'
        assert_eq!(
            sha256_crypt(b"Hello world!", b"saltstring").as_str(),
            "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
        );
    }

    #[test]
    fn the_native_hash_gives_the_published_vector() {
        let hash = Hash::new(HashKind::Native, &"password".into()).expect("randomness");
        assert_eq!(hash.expose(), "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19");
    }

    #[test]
    fn o18_passwords_are_strong_and_harmless() {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let secret = generate().expect("randomness");
            let text = secret.expose_secret().to_owned();
            assert_eq!(text.len(), LENGTH);
            assert!(text.bytes().all(|b| ALPHABET.contains(&b)));
            assert!(text.bytes().any(|b| b.is_ascii_lowercase()));
            assert!(text.bytes().any(|b| b.is_ascii_uppercase()));
            assert!(text.bytes().any(|b| b.is_ascii_digit()));
            assert!(text.bytes().any(|b| b.is_ascii_punctuation()));
            assert!(!text.contains(['\'', '"', '\\', '#', '%', '$', '@', ':', '/', ' ', '{']));
            assert!(seen.insert(text));
        }
    }

    #[test]
    fn a_hash_and_its_salt_stay_out_of_debug_output() {
        let hash = Hash::new(HashKind::CachingSha2, &"x".into()).expect("randomness");
        assert!(hash.expose().starts_with("$A$005$") && hash.expose().len() == 7 + 20 + 43);
        assert_eq!(format!("{hash:?}"), "Hash { kind: CachingSha2, .. }");
        assert_eq!(generation().expect("randomness").len(), 16);
    }
}
