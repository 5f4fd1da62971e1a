//! The QR code of a link's address, as SVG and as PNG.

use std::io::Write as _;

use fast_qr::ECL;
use fast_qr::convert::svg::SvgBuilder;
use fast_qr::qr::{QRBuilder, QRCode};
use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Modules of empty space on each side: what readers want.
const MARGIN: usize = 4;
/// Pixels that the PNG has on each side at least: 8 cm in print.
const PIXELS_MIN: usize = 1_000;

/// A QR code, good for print: a quarter of it may be hidden or dirty.
pub struct Qr(QRCode);

impl Qr {
    /// The code of an address.
    pub fn of(address: &str) -> anyhow::Result<Self> {
        let code = QRBuilder::new(address).ecl(ECL::Q).build();
        code.map(Self).map_err(|error| anyhow::anyhow!("the QR code of {address:?}: {error}"))
    }

    /// As SVG, of any size.
    pub fn svg(&self) -> String {
        SvgBuilder::default().to_str(&self.0)
    }

    /// As PNG: black and white, each module so many whole pixels that nothing is blurred.
    pub fn png(&self) -> std::io::Result<Vec<u8>> {
        let modules = self.0.size + 2 * MARGIN;
        let scale = PIXELS_MIN.div_ceil(modules);
        let side = modules * scale;
        let is_dark = |x: usize, y: usize| {
            let at = |place: usize| (place / scale).checked_sub(MARGIN).filter(|module| *module < self.0.size);
            at(x).zip(at(y)).is_some_and(|(x, y)| self.0[y][x].value())
        };
        let mut rows = ZlibEncoder::new(Vec::new(), Compression::best());
        for y in 0..side {
            // A filter of none, then a bit for each pixel; one is white.
            let mut row = vec![0u8; 1 + side.div_ceil(8)];
            for x in (0..side).filter(|x| !is_dark(*x, y)) {
                row[1 + x / 8] |= 0x80 >> (x % 8);
            }
            rows.write_all(&row)?;
        }
        let side = u32::try_from(side).map_err(std::io::Error::other)?.to_be_bytes();
        // One bit a pixel, shades of grey, and the only methods that there are (PNG, third edition, 11.2.1).
        let head = [side.as_slice(), &side, &[1, 0, 0, 0, 0]].concat();
        let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
        add_chunk(&mut png, b"IHDR", &head)?;
        add_chunk(&mut png, b"IDAT", &rows.finish()?)?;
        add_chunk(&mut png, b"IEND", &[])?;
        Ok(png)
    }
}

/// Appends a chunk: its length, name, data and checksum.
fn add_chunk(png: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(data.len()).map_err(std::io::Error::other)?;
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(name);
    checksum.update(data);
    png.extend(length.to_be_bytes());
    png.extend_from_slice(name);
    png.extend_from_slice(data);
    png.extend(checksum.finalize().to_be_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: [&str; 3] = [
        "https://aurix.example.com/l/spring-poster",
        "http://localhost:8080/l/2gb",
        "https://a-long-name-of-a-host.marketing.example.co.uk/l/forty-characters-are-as-long-as-it-may-be",
    ];

    /// What a reader of QR codes reads in a picture of `side` pixels.
    fn read(side: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
        let shade = |x, y| if is_dark(x, y) { 0 } else { 255 };
        let mut picture = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "one code");
        grids[0].decode().expect("a code that can be read").1
    }

    #[test]
    fn a_reader_reads_the_png() {
        for address in ADDRESSES {
            let png = Qr::of(address).and_then(|qr| Ok(qr.png()?)).expect("a picture");
            assert!(png.len() < 16 * 1024, "{} bytes", png.len());
            let mut decoder = png::Decoder::new(std::io::Cursor::new(&png));
            decoder.set_transformations(png::Transformations::EXPAND);
            let mut reader = decoder.read_info().expect("a PNG");
            let mut pixels = vec![0; reader.output_buffer_size().expect("a small one")];
            let info = reader.next_frame(&mut pixels).expect("its pixels");
            assert_eq!((info.width, info.color_type), (info.height, png::ColorType::Grayscale));
            let side = info.width as usize;
            assert!((PIXELS_MIN..PIXELS_MIN + 100).contains(&side), "{side}");
            assert_eq!(read(side, |x, y| pixels[y * info.line_size + x] < 128), address);
        }
    }

    #[test]
    fn a_reader_reads_the_svg() {
        const SCALE: usize = 5;
        for address in ADDRESSES {
            let svg = Qr::of(address).expect("a code").svg();
            let after = |text: &str, start: &str| text.split_once(start).map(|(_, rest)| rest.to_owned()).expect(start);
            let side: usize =
                after(&svg, "viewBox=\"0 0 ").split(' ').next().and_then(|side| side.parse().ok()).expect("a size");
            let path = after(&svg, "<path d=\"M");
            let (path, _) = path.split_once('"').expect("its end");
            // Squares of one module: `M4,7h1v1h-1`.
            let place = |square: &str| {
                let at = square.strip_suffix("h1v1h-1").expect("a square");
                let (x, y) = at.split_once(',').expect("a place");
                (x.parse::<usize>().expect("a number"), y.parse::<usize>().expect("a number"))
            };
            let dark: std::collections::HashSet<_> = path.split('M').map(place).collect();
            assert_eq!(read(side * SCALE, |x, y| dark.contains(&(x / SCALE, y / SCALE))), address);
        }
    }

    #[test]
    fn a_stain_on_the_code_does_not_matter() {
        const SCALE: usize = 4;
        let qr = Qr::of(ADDRESSES[0]).expect("a code");
        let (side, middle) = (qr.0.size + 2 * MARGIN, qr.0.size / 2);
        let is_dark = |x: usize, y: usize| {
            let at = |place: usize| (place / SCALE).checked_sub(MARGIN).filter(|module| *module < qr.0.size);
            let is_stain = |at: usize| at.abs_diff(middle) <= 3;
            at(x).zip(at(y)).is_some_and(|(x, y)| (is_stain(x) && is_stain(y)) || qr.0[y][x].value())
        };
        assert_eq!(read(side * SCALE, is_dark), ADDRESSES[0]);
    }
}
