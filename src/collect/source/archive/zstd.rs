//! Unpacks Zstandard from front to back: every frame of a file, with a window of bounded size. RFC 8878.

use std::io::{self, Read};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// The largest window, in bytes: what the RFC asks for at least, and `zstd -19` uses. It is all that is kept in memory.
const LARGEST_WINDOW: u64 = 8 * 1024 * 1024;
/// The marks of a frame and of sixteen kinds of skippable frames (3.1.1, 3.1.2).
const FRAME: u32 = 0xfd2f_b528;
const SKIPPABLE: u32 = 0x184d_2a50;

/// A stream on its way.
pub(super) struct Zstd<R> {
    source: R,
    frame: FrameDecoder,
    is_open: bool,
}

impl<R: Read> Zstd<R> {
    pub(super) fn new(source: R) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(LARGEST_WINDOW);
        Self { source, frame, is_open: false }
    }

    /// Opens the next frame. Returns whether there is one.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            let mut mark = Vec::with_capacity(4);
            self.source.by_ref().take(4).read_to_end(&mut mark)?;
            if mark.is_empty() {
                return Ok(false);
            }
            let mark: [u8; 4] = mark.try_into().map_err(|_| broken("it ends within a frame"))?;
            match u32::from_le_bytes(mark) {
                FRAME => {
                    let header = io::Cursor::new(mark).chain(&mut self.source);
                    self.frame.reset(header).map_err(broken)?;
                    self.is_open = true;
                    return Ok(true);
                }
                mark if mark & !0xf == SKIPPABLE => {
                    let mut length = [0; 4];
                    self.source.read_exact(&mut length)?;
                    let length = u64::from(u32::from_le_bytes(length));
                    io::copy(&mut self.source.by_ref().take(length), &mut io::sink())?;
                }
                _ => return Err(broken("something else follows a frame")),
            }
        }
    }
}

impl<R: Read> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.is_open && !self.begin()? {
                return Ok(0);
            }
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                self.frame.decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1)).map_err(broken)?;
            }
            if self.frame.can_collect() > 0 {
                return self.frame.read(buffer);
            }
            self.is_open = false;
        }
    }
}

fn broken(why: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_string())
}
