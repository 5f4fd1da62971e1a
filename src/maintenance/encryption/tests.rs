//! Every cut, every swap and every changed byte of an encrypted file is found, and told apart.

use super::*;

/// Small, so that each byte can be tried.
const SMALL: Format = Format { memory_kib: 8, passes: 1, chunk_bytes: 10 };
const SECRET: &str = "correct horse battery";
const SEALED_CHUNK: usize = 10 + TAG_BYTES;

fn plain(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| at as u8).collect()
}

fn sealed(bytes: usize) -> Vec<u8> {
    let sealed = Sealed::new(SMALL, bytes as u64, SECRET, &Random::seeded(3)).expect("a head");
    let mut file = Vec::new();
    sealed.encrypt(&mut &plain(bytes)[..], &mut file).expect("encrypted");
    file
}

fn opened(file: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut plain = Vec::new();
    decrypt(&mut &file[..], &mut plain, SECRET).map(|()| plain)
}

#[test]
fn a_file_of_any_length_comes_back() {
    for bytes in [0, 1, 9, 10, 11, 19, 20, 21, 35] {
        let file = sealed(bytes);
        assert_eq!(file.len(), HEAD_BYTES + bytes + bytes.div_ceil(10).max(1) * TAG_BYTES);
        assert_eq!(opened(&file).expect("the same passphrase"), plain(bytes), "{bytes}");
    }
}

#[test]
fn another_passphrase_is_told_from_a_damaged_head() {
    let file = sealed(35);
    let wrong = decrypt(&mut &file[..], &mut Vec::new(), "another passphrase");
    assert!(matches!(wrong, Err(Unreadable::WrongPassphrase)), "{wrong:?}");
    for at in 0..HEAD_BYTES {
        let mut file = file.clone();
        file[at] ^= 1;
        assert!(matches!(opened(&file), Err(Unreadable::DamagedHead)), "byte {at}");
    }
    // Whoever can compute a checksum cannot prove the passphrase.
    let mut forged = file;
    forged[43] ^= 1;
    let sum = checksum(&forged[..CHECKED_BYTES]);
    forged[CHECKED_BYTES..HEAD_BYTES].copy_from_slice(&sum);
    assert!(matches!(opened(&forged), Err(Unreadable::WrongPassphrase)));
}

#[test]
fn a_file_that_is_cut_at_any_byte_is_cut_off() {
    for bytes in [0, 20, 35] {
        let file = sealed(bytes);
        for cut in 0..file.len() {
            match opened(&file[..cut]) {
                Err(Unreadable::Truncated { expected, found }) => {
                    let whole = if cut < HEAD_BYTES { HEAD_BYTES } else { file.len() };
                    assert_eq!((expected, found), (whole as u64, cut as u64));
                }
                other => panic!("{cut} of {}: {other:?}", file.len()),
            }
        }
        let longer = [&file[..], b"x"].concat();
        assert!(matches!(opened(&longer), Err(Unreadable::Longer(at)) if at == file.len() as u64));
    }
}

#[test]
fn a_changed_byte_is_found_in_its_piece() {
    let file = sealed(35);
    for at in HEAD_BYTES..file.len() {
        let mut changed = file.clone();
        changed[at] ^= 0x80;
        let begins = HEAD_BYTES + (at - HEAD_BYTES) / SEALED_CHUNK * SEALED_CHUNK;
        let found = opened(&changed);
        assert!(matches!(found, Err(Unreadable::Damaged { at, .. }) if at == begins as u64), "byte {at}: {found:?}");
    }
}

#[test]
fn pieces_in_another_order_or_of_another_file_are_found() {
    let file = sealed(35);
    let piece = |number: usize| {
        let begins = HEAD_BYTES + number * SEALED_CHUNK;
        &file[begins..(begins + SEALED_CHUNK).min(file.len())]
    };
    let order = |numbers: &[usize]| {
        let pieces: Vec<u8> = numbers.iter().flat_map(|number| piece(*number)).copied().collect();
        match opened(&[&file[..HEAD_BYTES], &pieces].concat()) {
            Err(Unreadable::OutOfOrder { expected, found }) => Some((expected, found)),
            _ => None,
        }
    };
    assert_eq!(order(&[0, 2, 1, 3]), Some((1, 2)), "exchanged");
    assert_eq!(order(&[0, 0, 1, 2, 3]), Some((1, 0)), "doubled");
    assert_eq!(order(&[0, 2, 3]), Some((1, 2)), "left out");
    assert_eq!(order(&[0, 1, 3]), Some((2, 3)), "the last one early");
    let other = Sealed::new(SMALL, 35, SECRET, &Random::seeded(4)).expect("a head");
    let mut stranger = Vec::new();
    other.encrypt(&mut &plain(35)[..], &mut stranger).expect("encrypted");
    let mixed = [&file[..HEAD_BYTES], &stranger[HEAD_BYTES..]].concat();
    assert!(matches!(opened(&mixed), Err(Unreadable::Damaged { .. })), "of another file");
}

#[test]
fn what_is_written_costs_what_it_should() {
    let mut file = Vec::new();
    encrypt(&mut &plain(100_000)[..], 100_000, &mut file, SECRET, &Random::seeded(5)).expect("encrypted");
    assert_eq!((u32_at(&file, 8), u32_at(&file, 12), u32_at(&file, 39)), (65_536, 3, 65_536));
    assert_eq!(opened(&file).expect("the same passphrase"), plain(100_000));
}
