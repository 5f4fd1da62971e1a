//! What a file is by its own first bytes, whatever its sender says: only what is known to be harmless is shown.

/// Pictures that a page may show.
const PICTURES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];

/// The media type of a file; `application/octet-stream` for all that is not known.
pub fn media_type(content: &[u8]) -> &'static str {
    let has = |at: usize, magic: &[u8]| content.get(at..).is_some_and(|rest| rest.starts_with(magic));
    match () {
        () if has(0, b"\xff\xd8\xff") => "image/jpeg",
        () if has(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        () if has(0, b"GIF87a") || has(0, b"GIF89a") => "image/gif",
        () if has(0, b"RIFF") && has(8, b"WEBP") => "image/webp",
        () if has(0, b"%PDF-") => "application/pdf",
        () if has(0, b"OggS") => "audio/ogg",
        () if has(0, b"ID3") || has(0, b"\xff\xfb") => "audio/mpeg",
        () if has(4, b"ftypM4A") => "audio/mp4",
        () if has(4, b"ftyp") => "video/mp4",
        () => "application/octet-stream",
    }
}

/// Whether a page may show it.
pub fn is_picture(media_type: &str) -> bool {
    PICTURES.contains(&media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_bytes_say() {
        assert_eq!(media_type(b"\xff\xd8\xff\xe0rest"), "image/jpeg");
        assert_eq!(media_type(b"RIFF\x00\x00\x00\x00WEBPVP8 "), "image/webp");
        assert_eq!(media_type(b"\x00\x00\x00\x18ftypmp42"), "video/mp4");
        for text in ["<html><script>", "<svg xmlns", "", "RIFF", "MZ"] {
            let found = media_type(text.as_bytes());
            assert!(found == "application/octet-stream" && !is_picture(found), "{text}");
        }
    }
}
