//! A file encrypted with a passphrase, written and read in pieces: the head says how the key is made of the passphrase (argon2id), and
//! each chunk is sealed (ChaCha20-Poly1305) under its number and whether it is the last one, as the STREAM construction has it.
//!
//! Head, little endian: `AURIXBK1`, memory in KiB (4), passes (4), salt (16), beginning of all nonces (7), bytes of a chunk (4), bytes of
//! the file (8), proof of the passphrase (16), checksum (8). A nonce ends with the chunk's number (4, big endian) and 1 for the last
//! chunk, 0 for the others, 2 for the proof.

#[cfg(test)]
mod tests;

use std::io::{ErrorKind, Read, Write};

use anyhow::{Context as _, anyhow, ensure};
use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, KeyInit as _, Nonce};
use sha2::{Digest as _, Sha256};

use crate::domain::random::Random;

/// What an encrypted file begins with.
pub const MAGIC: &[u8; 8] = b"AURIXBK1";
/// Bytes of the head, of what its proof covers, and of what its checksum covers.
const HEAD_BYTES: usize = 75;
const PROVEN_BYTES: usize = 51;
const CHECKED_BYTES: usize = PROVEN_BYTES + TAG_BYTES;
const TAG_BYTES: usize = 16;
/// More than what is written, and bounded: a forged head must not fill the memory.
const MEMORY_KIB_MAX: u32 = 1 << 20;
const PASSES_MAX: u32 = 16;
const CHUNK_BYTES_MAX: u32 = 1 << 24;

/// What a key costs to make, and how much is in a chunk.
#[derive(Clone, Copy)]
struct Format {
    memory_kib: u32,
    passes: u32,
    chunk_bytes: u32,
}

/// As RFC 9106 recommends where memory is limited.
const FORMAT: Format = Format { memory_kib: 64 << 10, passes: 3, chunk_bytes: 64 << 10 };

/// Why an encrypted file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The head does not match its checksum.
    #[error("the file is damaged in its first {HEAD_BYTES} bytes")]
    DamagedHead,
    /// The head is whole, and the passphrase does not open it.
    #[error("the passphrase is not the one that the backup was encrypted with")]
    WrongPassphrase,
    /// It ends too early.
    #[error("the file is cut off: it has {found} bytes of {expected}")]
    Truncated {
        /// Bytes that it should have.
        expected: u64,
        /// Bytes that were there.
        found: u64,
    },
    /// It does not end where it should.
    #[error("the file goes on behind its end, which is at byte {0}")]
    Longer(u64),
    /// A chunk stands where another belongs.
    #[error("the file is out of order: piece {found} stands where piece {expected} belongs")]
    OutOfOrder {
        /// The number of the chunk that belongs there.
        expected: u32,
        /// The number of the one that is there.
        found: u32,
    },
    /// A chunk was changed.
    #[error("the file is damaged in the {bytes} bytes from byte {at} on")]
    Damaged {
        /// Where the chunk begins.
        at: u64,
        /// Its length.
        bytes: usize,
    },
    /// The file cannot be read, or what is read cannot be written.
    #[error("it cannot be read or written")]
    Io(#[from] std::io::Error),
}

/// The head, and the cipher of its passphrase.
struct Sealed {
    head: [u8; HEAD_BYTES],
    cipher: ChaCha20Poly1305,
}

/// When a nonce is used.
#[derive(Clone, Copy)]
enum Use {
    Inner = 0,
    Last = 1,
    Proof = 2,
}

/// Encrypts the next `bytes` bytes of `from`.
pub fn encrypt(
    from: &mut impl Read,
    bytes: u64,
    to: &mut impl Write,
    passphrase: &str,
    random: &Random,
) -> anyhow::Result<()> {
    let sealed = Sealed::new(FORMAT, bytes, passphrase, random)?;
    sealed.encrypt(from, to).context("encrypting the backup")
}

/// Decrypts a whole file. What was written before an error is of no use.
pub fn decrypt(from: &mut impl Read, to: &mut impl Write, passphrase: &str) -> Result<(), Unreadable> {
    Sealed::read(from, passphrase)?.decrypt(from, to)
}

impl Sealed {
    fn new(format: Format, bytes: u64, passphrase: &str, random: &Random) -> anyhow::Result<Self> {
        let (salt, prefix): ([u8; 16], [u8; 7]) = (random.bytes(), random.bytes());
        let mut head = Vec::with_capacity(HEAD_BYTES);
        head.extend(MAGIC);
        head.extend(format.memory_kib.to_le_bytes());
        head.extend(format.passes.to_le_bytes());
        head.extend(salt);
        head.extend(prefix);
        head.extend(format.chunk_bytes.to_le_bytes());
        head.extend(bytes.to_le_bytes());
        let cipher = cipher(passphrase, &salt, format).map_err(|error| anyhow!("argon2: {error}"))?;
        let payload = Payload { msg: b"", aad: &head };
        let proof = cipher.encrypt(&nonce(&prefix, 0, Use::Proof), payload).map_err(|_| anyhow!("sealing the head"))?;
        head.extend(proof);
        head.extend_from_slice(&checksum(&head));
        let head = head.try_into().map_err(|_| anyhow!("the head has another length"))?;
        let sealed = Self { head, cipher };
        ensure!(sealed.chunks().is_some(), "{bytes} bytes are too many for one file");
        Ok(sealed)
    }

    fn read(from: &mut impl Read, passphrase: &str) -> Result<Self, Unreadable> {
        let mut head = [0; HEAD_BYTES];
        let found = fill(from, &mut head)?;
        if found < HEAD_BYTES {
            return Err(Unreadable::Truncated { expected: HEAD_BYTES as u64, found: found as u64 });
        }
        let (checked, sum) = head.split_at(CHECKED_BYTES);
        if checksum(checked) != *sum || !head.starts_with(MAGIC) {
            return Err(Unreadable::DamagedHead);
        }
        let format = Format { memory_kib: u32_at(&head, 8), passes: u32_at(&head, 12), chunk_bytes: u32_at(&head, 39) };
        let is_sane = (1..=MEMORY_KIB_MAX).contains(&format.memory_kib)
            && (1..=PASSES_MAX).contains(&format.passes)
            && (1..=CHUNK_BYTES_MAX).contains(&format.chunk_bytes);
        if !is_sane {
            return Err(Unreadable::DamagedHead);
        }
        let cipher = cipher(passphrase, &head[16..32], format).map_err(|_| Unreadable::DamagedHead)?;
        let sealed = Self { head, cipher };
        let payload = Payload { msg: &head[PROVEN_BYTES..CHECKED_BYTES], aad: &head[..PROVEN_BYTES] };
        let opened = sealed.cipher.decrypt(&sealed.nonce(0, Use::Proof), payload);
        opened.map_err(|_| Unreadable::WrongPassphrase)?;
        if sealed.chunks().is_none() { Err(Unreadable::DamagedHead) } else { Ok(sealed) }
    }

    fn chunk_bytes(&self) -> u64 {
        u32_at(&self.head, 39).into()
    }

    fn plain_bytes(&self) -> u64 {
        self.head[43..51].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    /// Chunks of the file, one at least; `None` where they cannot be numbered.
    fn chunks(&self) -> Option<u32> {
        u32::try_from(self.plain_bytes().div_ceil(self.chunk_bytes()).max(1)).ok()
    }

    fn last(&self) -> u32 {
        self.chunks().expect("looked at when this was made") - 1
    }

    /// Bytes of what is in a chunk.
    fn length(&self, number: u32) -> usize {
        let begins = u64::from(number) * self.chunk_bytes();
        usize::try_from((self.plain_bytes() - begins).min(self.chunk_bytes())).expect("a chunk is small")
    }

    fn nonce(&self, number: u32, at: Use) -> Nonce {
        nonce(&self.head[32..39], number, at)
    }

    fn place(&self, number: u32) -> Nonce {
        self.nonce(number, if number == self.last() { Use::Last } else { Use::Inner })
    }

    fn encrypt(&self, from: &mut impl Read, to: &mut impl Write) -> anyhow::Result<()> {
        to.write_all(&self.head)?;
        for number in 0..=self.last() {
            let mut plain = vec![0; self.length(number)];
            from.read_exact(&mut plain)?;
            let payload = Payload { msg: &plain, aad: &self.head[..PROVEN_BYTES] };
            let chunk = self.cipher.encrypt(&self.place(number), payload).map_err(|_| anyhow!("sealing a piece"))?;
            to.write_all(&chunk)?;
        }
        Ok(())
    }

    fn open(&self, number: u32, chunk: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload { msg: chunk, aad: &self.head[..PROVEN_BYTES] };
        self.cipher.decrypt(&self.place(number), payload).ok()
    }

    fn decrypt(&self, from: &mut impl Read, to: &mut impl Write) -> Result<(), Unreadable> {
        let mut at = HEAD_BYTES as u64;
        for number in 0..=self.last() {
            let mut chunk = vec![0; self.length(number) + TAG_BYTES];
            let found = fill(from, &mut chunk)?;
            chunk.truncate(found);
            let Some(plain) = self.open(number, &chunk) else { return Err(self.fault(number, at, &chunk)) };
            to.write_all(&plain)?;
            at += found as u64;
        }
        if fill(from, &mut [0])? > 0 { Err(Unreadable::Longer(at)) } else { Ok(()) }
    }

    /// What is wrong with what stands where a chunk belongs.
    fn fault(&self, number: u32, at: u64, chunk: &[u8]) -> Unreadable {
        let fits = |other: &u32| *other != number && self.length(*other) + TAG_BYTES == chunk.len();
        if let Some(other) = (0..=self.last()).filter(fits).find(|other| self.open(*other, chunk).is_some()) {
            return Unreadable::OutOfOrder { expected: number, found: other };
        }
        if chunk.len() < self.length(number) + TAG_BYTES {
            let sealed = self.plain_bytes() + (u64::from(self.last()) + 1) * TAG_BYTES as u64;
            return Unreadable::Truncated { expected: HEAD_BYTES as u64 + sealed, found: at + chunk.len() as u64 };
        }
        Unreadable::Damaged { at, bytes: chunk.len() }
    }
}

fn cipher(passphrase: &str, salt: &[u8], format: Format) -> argon2::Result<ChaCha20Poly1305> {
    let params = Params::new(format.memory_kib, format.passes, 1, Some(32))?;
    let mut key = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
        passphrase.as_bytes(),
        salt,
        &mut key,
    )?;
    Ok(ChaCha20Poly1305::new(&key.into()))
}

fn nonce(prefix: &[u8], number: u32, at: Use) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..7].copy_from_slice(prefix);
    nonce[7..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = at as u8;
    nonce.into()
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let sum: [u8; 32] = Sha256::digest(bytes).into();
    std::array::from_fn(|at| sum[at])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(std::array::from_fn(|offset| bytes[at + offset]))
}

/// Reads until the buffer is full or there is no more; gives how much there was.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut found = 0;
    while found < buffer.len() {
        match from.read(&mut buffer[found..]) {
            Ok(0) => break,
            Ok(more) => found += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
